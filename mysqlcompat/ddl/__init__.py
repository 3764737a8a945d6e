"""Data definition: statements to dictionary entries, and back to text.

Read: `definition` (CREATE TABLE to `schema.Table`, every rule and its error), `defaults` (DEFAULT
values checked and made canonical), `indexes` (keys of a definition), `text` (`schema.Table` to SHOW
CREATE TABLE), `foreign_keys` and `checks` (what constraints may say; `expression_text` prints their
expressions), `constraints` (those of one statement), `execute` (the statements, through the
engine's catalog), `create_select`. ALTER TABLE: `alteration` (actions to the table wanted),
`dependencies` (what needs a column that goes), `algorithms` (what was asked for against what is
needed), `alter` (at once, or indexes beside writers), `rebuild` (by a copy), `initial` (what rows
have in a column added at once).

A CREATE TABLE's life: 1 `sql.parse_table` reads it; 2 `execute` commits what is open; 3 rules and
defaults are checked and filled in by `definition`; 4 the engine's catalog makes trees and
dictionary row in one mini-transaction; 5 plans made under the older dictionary version die.
"""
