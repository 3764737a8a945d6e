"""EXTRACTVALUE and UPDATEXML."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import Section, calls, section

_TREE: Final = '\'<a><b x="1">one</b><b x="2">two</b><c><b>three</b></c>text</a>\''
_PATHS: Final = (
    "'/a/b'",
    "'//b'",
    "'/a/b[1]'",
    "'/a/b[2]'",
    "'/a/b[last()]'",
    "'/a/b[position()=2]'",
    "'/a/b/@x'",
    "'//b/@x'",
    "'/a/b[@x=\"2\"]'",
    "'/a/b[@x]'",
    "'/a/c/b'",
    "'/a'",
    "'/'",
    "'/a/*'",
    "'//*'",
    "'count(/a/b)'",
    "'count(//b)'",
    "'/a/b/text()'",
    "'/a/text()'",
    "'/a/b[.=\"two\"]'",
    "'/a/c/..'",
    "'/a/child::b'",
    "'/a/descendant::b'",
    "'//c/parent::a'",
    "'/nosuch'",
    "'/a/b|/a/c'",
    "'/a/b[contains(.,\"w\")]'",
    "'string-length(/a/b[1])'",
    "'concat(/a/b[1],\"!\")'",
    "'1+1'",
    "'/a/b[1]/self::b'",
    "'not(/a/b)'",
    "'/a/b['",
    "''",
    "'$x'",
    "'/a/b[@x>1]'",
    "'/a/b[@x=1 or @x=2]'",
    "'/a/b[@x=1 and @x=2]'",
    "null",
)
_DOCUMENTS: Final = (
    "'<a>1</a>'",
    "'<a><b>1</a></b>'",
    "'<a>'",
    "''",
    "null",
    "'text'",
    "'<a>&lt;&amp;&#65;</a>'",
    "'<a><![CDATA[<x>]]></a>'",
    "'<?xml version=\"1.0\"?><a>1</a>'",
    "'<!-- c --><a>1</a>'",
    "'<a/>'",
    "'<a b=\"1\"/>'",
    "'<a>é</a>'",
)

SECTIONS: Final[list[Section]] = [
    section(calls("extractvalue", (_TREE,), _PATHS)),
    section(calls("extractvalue", _DOCUMENTS, ("'/a'",))),
    section(calls("updatexml", (_TREE,), _PATHS, ("'<z>9</z>'",))),
    section(calls("updatexml", _DOCUMENTS, ("'/a'",), ("'<z/>'", "null", "''"))),
]

DIFFERENT: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "extractvalue('<a><b>1</a></b>', '/a')",
            "updatexml('<a><b>1</a></b>', '/a', '<z/>')",
            "updatexml('<a><b>1</a></b>', '/a', '')",
        ),
        "MySQL takes ends of elements in the wrong order",
    ),
    f"extractvalue({_TREE}, '//*')": "MySQL joins texts in its own order, we in the document's",
    f"extractvalue({_TREE}, 'not(/a/b)')": "MySQL's not() of nodes is wrong",
    f"updatexml({_TREE}, '/a/text()', '<z>9</z>')": "MySQL replaces the text's parent",
}
