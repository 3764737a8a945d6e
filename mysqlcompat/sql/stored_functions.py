"""Calls of stored functions, ``database.function(…)``: there are none."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from sqlglot import exp

from mysqlcompat.errors import SqlError, not_supported
from mysqlcompat.sql.keywords import KEYWORDS

#: Names that are functions only where a bracket follows at once.
_CALLED_WORDS: Final = """
    ADDDATE BIT_AND BIT_OR BIT_XOR CAST COUNT CURDATE CURTIME DATE_ADD DATE_SUB EXTRACT
    GROUP_CONCAT JSON_ARRAYAGG JSON_OBJECTAGG MAX MID MIN NOW POSITION SESSION_USER ST_COLLECT STD
    STDDEV STDDEV_POP STDDEV_SAMP SUBDATE SUBSTR SUBSTRING SUM SYSDATE SYSTEM_USER TRIM VARIANCE
    VAR_POP VAR_SAMP
"""
#: Those that come with MySQL.
_SYS_NAMES: Final = """
    extract_schema_from_file_name extract_table_from_file_name format_bytes format_path
    format_statement format_time list_add list_drop ps_is_account_enabled ps_is_consumer_enabled
    ps_is_instrument_default_enabled ps_is_instrument_default_timed ps_is_thread_instrumented
    ps_thread_account ps_thread_id ps_thread_stack ps_thread_trx_info quote_identifier
    sys_get_config version_major version_minor version_patch
"""
_CALLED: Final = frozenset(_CALLED_WORDS.split())
_OF_SYS: Final = frozenset(_SYS_NAMES.split())


def stored_call(resolver: Any, node: Any) -> NoReturn:
    """Raises 1305, or 1630 for names that are words of the language."""
    called = node.expression
    if not isinstance(called, exp.Anonymous):
        raise resolver.unsupported(node)
    name = called.this if isinstance(called.this, str) else called.this.name
    written = f"{node.this.name}.{name}"
    if node.this.name == "sys" and name.lower() in _OF_SYS:
        raise not_supported(written)
    if name.upper() in KEYWORDS or name.upper() in _CALLED:
        raise SqlError(1630, written)
    raise SqlError(1305, "FUNCTION", written)
