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

#: What is no set of nodes: `_values`.
_VALUES: Final = """
1 div 0; 5 mod 3; 7 mod 2.5; round(2.5); floor(2.5); ceiling(-2.5); number(/a); number("1.5x")
boolean("1.5x"); boolean(/a); boolean(//*); concat(/a,"x",5); concat("x",5); substring("hello",2,3)
substring("hello",2); substring(/a,0); contains("hello","L"); 1=1; 1="1x"; "a"="A"; -5; -/a; - "3"
--3; 3--3; 3 - 5; 3*5; 3 * 1.25; 1+1.50; 1*2.50; 99999999999999999999; 99999999999999999999+1; 5.
string-length(); last(); position(); sum(/a); sum(//a)+0.5; not(1); not("x"); not(/a); not(/b)
1 and 0; "x" or 0; 1 or (1 div 0); 0 or (1 div 0); /a/b or /a; /a/b and /a; count(1); (/a); (/a)/b
(/a)|/b; (1 2; /a[1; /a[]; a b; //; "x; .5; 1/a; "x"/a; true(); false(); 1.50; -1.50e1; 1 ! = 2
1 < = 2; 1 > 2 = 0; /a > 0 = 1; /a = "10.0"; /a = 10.0; /a < 9; /a < "9"; 9 < /a; /a = /b; 1 != 1
/a div 3; /a mod 3; concat(1.5,""); concat(1+1.5,""); floor("3.7"); floor(/a); round(/a); $x
round(3.567); ceiling(3); text(); @*|a; following::a; foo::a; /a/foo(); /a/text; /a/node(); /A
processing-instruction(); /a[string-length()=2]; /a[string-length()]; /a[contains(.,"1")]; /a["1"]
/a[1.4]; /a[1.5]; /a[true() and 1]; /a[count(.)=1]; /a[$x]; for x in /a return x; é; //.; ..; .
"""
_values: Final = tuple(
    f"'{one}'" for line in _VALUES.splitlines() for one in line.split("; ") if one
)
_GROVE: Final = (
    '\'<a><b y="1">1</b><b x="" y="2">2</b></a><a><b>3</b><a><a>x<c/>é</a></a></a><c:d e-f="g"/>\''
)
_SETS: Final = (
    *("//b[1]", "//b[2]", "//b[last()]", "count(//b[last()])", "//b[position()=1]", "//a//a"),
    *("count(//a//a)", "count(//a//a//a)", "//a/ancestor::a", "count(//a/ancestor-or-self::*)"),
    *("//c/ancestor::a[1]", "//c/ancestor::a[2]", "/a/b/@*", "//@*", "//b[@x]", '//b[@x=""]'),
    *("//b[@y=2]", '//b[@y="2"]/..', "//*[c]", "//a[.='X']", "//a[a]", "/a[2]/b[1]", "/a[2][1]"),
    *("/c:d/@e-f", "/c:*", "/c : d", "/a/descendant::a", "/a/descendant-or-self::a/b", "sum(//b)"),
    *("(//b)[1]", "(//a)//b", "//b|//c", "/a/self::b", "/a/b[2]|/a/b[1]", "//a[.='E']", "//*[3]"),
    *("//a[text()='é']/c/..", "/a[b=3]/a", "//b[.>1]", "//b[.>1 and .<3]", "//b[.=1 or .=3]"),
)
_sets: Final = tuple('"' + one.replace('"', '\\"') + '"' for one in _SETS)
_READINGS: Final = (
    *("<abc></ab>", "<abc><abcd></ab></abc>", "<a></b>", "<a>x<!-- c -->y</a>", "<a b>1</a>"),
    *(
        "<a b=c>1</a>",
        "<a b c>1</a>",
        "<a b=1>1</a>",
        "<a b=>1</a>",
        "<a b='1'c='2'>1</a>",
        "< a >1</ a >",
    ),
    *(
        "<a>1</a >2",
        "<a/ >",
        "<a / >1",
        "<a//>",
        "<?a b='1'?>",
        "<?a/?>",
        "<?a/>",
        "<?a>",
        "<?a b?>",
    ),
    *(
        "<!a b>",
        "<!a b 'c' d>",
        "<!a b='c'>",
        "<!a/>",
        "<!a [b]>",
        "<a>1",
        "</a>",
        "<a>1</a",
        "<a",
        "<",
    ),
    *(
        "a<",
        "a < b",
        "<1>",
        "<a b='1>1</a>",
        "<a>1<!-- ",
        "<!-->1<a>2</a>",
        "<a>\n\n<b</a>",
        "\n<a>\n</b>",
    ),
    *(
        "<é>1</é>",
        "<é></b>",
        "<a:b-1._>1</a:b-1._>",
        "<a b='' c='x'/>",
        "<a>]]></a>",
        "<a>&amp;</a></>",
    ),
    *(
        "<a/><a/>",
        "<a b='1' b='2'/>",
        "x<a>1</a>y",
        "<=>",
        "<?>",
        "<!>",
        '<"a">',
        "<a<b>",
        "<a>1</aé>",
    ),
)
_readings: Final = tuple(
    "'" + one.replace("'", "\\'").replace("\n", "\\n") + "'" for one in _READINGS
)
#: Without declarations: MySQL writes where it should not when it replaces one.
_replaced: Final = tuple(one for one in _readings if not one.startswith("'<!"))
_deep: Final = tuple(f"concat(repeat('<a>',{n}),'x',repeat('</a>',{n}))" for n in (254, 255, 300))

SECTIONS: Final[list[Section]] = [
    section(calls("extractvalue", (_TREE,), _PATHS)),
    section(calls("extractvalue", _DOCUMENTS, ("'/a'",))),
    section(calls("updatexml", (_TREE,), _PATHS, ("'<z>9</z>'",))),
    section(calls("updatexml", _DOCUMENTS, ("'/a'",), ("'<z/>'", "null", "''"))),
    section(calls("extractvalue", ("'<a>10</a>'",), _values)),
    section(calls("extractvalue", (_GROVE,), _sets)),
    section(calls("updatexml", (_GROVE,), _sets, ("'<z/>'",))),
    section(calls("extractvalue", _readings, ("'//@*|/a'",))),
    section(calls("updatexml", _replaced, ("'/*'", "'/a/@b'"), ("'<z/>'",))),
    section(calls("extractvalue", _deep, ("'//*'",))),
    section(
        [
            *calls(
                "extractvalue",
                ("'<a>1</a>'",),
                ("s", "concat('/', 'a')", "@nothing", "1"),
            ),
            *calls("updatexml", ("'<a>1</a>'",), ("s", "concat('/', 'a')", "@nothing"), ("s", "2")),
        ]
    ),
]

DIFFERENT: Final[dict[str, str]] = {}
