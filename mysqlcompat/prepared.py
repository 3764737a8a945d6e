"""Prepared statements: of the binary protocol, and of PREPARE … EXECUTE.

A statement is parsed and, if it is DML or SELECT, compiled when it is prepared, so that mistakes
and result columns are known then. It is compiled again when the dictionary has moved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat import administer, compiler, temporal_text
from mysqlcompat.compiler import Typed
from mysqlcompat.convert import convert
from mysqlcompat.decimal_reading import leading_decimal
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.key_parts import shape_of
from mysqlcompat.machine.program import Program
from mysqlcompat.plan_cache import questions_of
from mysqlcompat.results import (
    BINARY_COLLATION,
    FLAG_BINARY,
    WIRE_BIT,
    WIRE_BLOB,
    WIRE_DATE,
    WIRE_DATETIME,
    WIRE_DECIMAL,
    WIRE_LONG_BLOB,
    WIRE_MEDIUM_BLOB,
    WIRE_NEWDECIMAL,
    WIRE_TIME,
    WIRE_TIMESTAMP,
    WIRE_TINY_BLOB,
    WIRE_VAR_STRING,
    ColumnDef,
    Parameter,
    PreparedInfo,
)
from mysqlcompat.sql import statements
from mysqlcompat.sql.literals import NOTHING_GIVEN, Given
from mysqlcompat.sql.parameters import as_assigned, goes_with, of_value
from mysqlcompat.sql.tokens import Kind, split_statements, syntax_error
from mysqlcompat.sql.typed import ASSIGNED, COMPARED, Param
from mysqlcompat.sqltypes import (
    BINARY,
    NUMERIC,
    Class,
    SqlType,
    date_type,
    datetime_type,
    decimal_type,
    double_type,
    int_type,
    null_type,
    string_type,
    time_type,
)
from mysqlcompat.temporal import unpack_date, unpack_datetime, unpack_time

if TYPE_CHECKING:
    from mysqlcompat.session import Session
    from mysqlcompat.session_state import SessionState

MAX_PARAMETERS: Final = 65535
_KEPT_CHARACTERS: Final = 4096  #: longer texts are compiled whenever they are prepared
#: What a parameter looks like before anything is bound: MySQL's clients ignore all but the count.
_PARAMETER: Final = ColumnDef(
    "?", WIRE_VAR_STRING, 0, FLAG_BINARY, 0, BINARY_COLLATION, "", "", "", ""
)
_NOT_PREPARABLE: Final = (
    statements.Prepare, statements.Execute, statements.Deallocate, statements.Use,
    statements.LockTables, statements.UnlockTables, statements.Savepoint,
    statements.ReleaseSavepoint,
)  # fmt: skip


@dataclass(slots=True)
class Prepared:
    """One prepared statement of one session.

    database  the current one when it was prepared: its names mean that one ever after
    """

    text: str
    statement: statements.Statement
    parameter_count: int
    database: str | None
    program: Program | None = None  #: of DML and SELECT
    place: Any = None  #: what the program was compiled under
    columns: tuple[ColumnDef, ...] = field(default=())
    questions: dict[int, bool] | None = None  #: see `questions_of`; None: not known yet
    is_as_prepared: bool = True  #: the last execution's values needed no program of their own
    _retyped: tuple[tuple[int, SqlType], ...] = ()  #: types that some `?` have of earlier values

    def info(self) -> PreparedInfo:
        return PreparedInfo((_PARAMETER,) * self.parameter_count, self.columns, handle=self)

    def current_program(self, session: Session) -> Program:
        """The program, compiled again when the dictionary or sql_mode has changed."""
        place = self.place_now(session)
        if self.program is None or self.place != place:
            self.close()
            self.program = self._compiled(session)
            self.questions, self._retyped = None, ()
            self.place = place
        return self.program

    def given(self, session: Session, values: Sequence[Typed]) -> Sequence[Typed]:
        """Values as they were sent, those that go to columns as these will see them."""
        params = self.current_program(session).params
        if not any(param is not None and param.place == ASSIGNED for param in params):
            return values
        made = list(values)
        for number, (param, (value, source)) in enumerate(zip(params, values, strict=False)):
            if param is not None and param.place == ASSIGNED and value is not None:
                sent = source or _TEXT
                made[number] = as_assigned(value, sent, param.type, session.collation)
        return made

    def program_for(self, session: Session, values: Sequence[Typed]) -> Program:
        """The current program or, if its values are what an index holds the elements of, or are not
        of the types it was made for, one for such values."""
        program = self.current_program(session)
        if self.questions is None:
            self.questions = questions_of(program)
        shapes: dict[int, Any] = {
            number: _shape(values[number][0], is_document)
            for number, is_document in self.questions.items()
        }
        given: dict[int, Given] = {
            number: values[number][0] for number, shape in shapes.items() if shape
        }
        before = self._retyped
        asked = self.questions.keys()
        base_fits = _is_like(program, values, asked)
        types: tuple[tuple[int, SqlType], ...] = ()
        if before and not (base_fits and _is_plain(program, values)):
            types = before
            if not _is_like(self._typed_program(session, types, given, shapes), values, asked):
                types = _types_of(session, program, values, asked)
        elif not base_fits:
            types = _types_of(session, program, values, asked)
        self._retyped = types or before
        self.is_as_prepared = not (given or types)
        if self.is_as_prepared:
            return program
        return self._typed_program(session, types, given, shapes)

    def _typed_program(
        self,
        session: Session,
        types: tuple[tuple[int, SqlType], ...],
        given: dict[int, Given],
        shapes: dict[int, Any],
    ) -> Program:
        """The program for values of these types, and for what is asked of indexes."""
        return self._compiled(session, dict(types) | given, tuple((dict(types) | shapes).items()))

    def _compiled(
        self,
        session: Session,
        given: Mapping[int, Given] = NOTHING_GIVEN,
        shapes: tuple[tuple[int, Any], ...] = (),
    ) -> Program:
        """What others have prepared need not be compiled again, if nothing is to be said of it."""
        kept = session.node.plans.programs("prepared", session.node.engine.catalog.version)
        key = self.text, session.plans.context, session.strict, shapes
        program = kept.get(key)
        if program is None:
            mark = session.diagnostics.mark()
            program = compiler.compile_statement(self.text, session, given, True)
            if session.diagnostics.mark() == mark and len(self.text) <= _KEPT_CHARACTERS:
                kept[key] = program
        return program

    @staticmethod
    def place_now(session: SessionState) -> tuple[Any, ...]:
        """What a program compiled now depends on."""
        version = session.node.engine.catalog.version
        return version, session.sql_mode, session.temporary.version

    @staticmethod
    def convert(session: Session, program: Program, values: Sequence[Typed]) -> list[Any]:
        """Values given for `?` as values of the types that the program's parameters have."""
        made = []
        for (value, source), param in zip_longest(values, program.params[: len(values)]):
            if param is None:
                made.append(value)
                continue
            made.append(_bound(session, value, source or _TEXT, param, program.kind == "write"))
        return made

    def close(self) -> None:
        self.program = None


def _is_like(program: Program, values: Sequence[Typed], asked: Collection[int]) -> bool:
    """Whether all values go with the types that their `?` were compiled with, but for those that
    indexes are `asked` for. Raises 1210 for what is no number of rows."""
    is_like = True
    for number, (param, (value, source)) in enumerate(zip(program.params, values, strict=False)):
        if _is_of_limit(program, number):
            if not isinstance(value, int):
                raise SqlError(1210, "EXECUTE")
            continue
        if param is None or number in asked:
            continue
        if not goes_with(param, value, source or _TEXT):
            is_like = False
    return is_like


def _is_plain(program: Program, values: Sequence[Typed]) -> bool:
    """Whether types of earlier values need not be heeded: nobody sees those of what is compared or
    assigned, and its own types make the better plan."""
    places = all(param is None or param.place for param in program.params)
    return places and not any(isinstance(value, str | bytes) for value, _ in values)


def _types_of(
    session: Session, program: Program, values: Sequence[Typed], asked: Collection[int]
) -> tuple[tuple[int, SqlType], ...]:
    """The type of each value, for what stands in its place."""
    pairs = zip_longest(program.params[: len(values)], values)
    return tuple(
        (number, of_value(param, value, source or _TEXT, session.collation))
        for number, (param, (value, source)) in enumerate(pairs)
        if value is not None and number not in asked and not _is_of_limit(program, number)
    )


def _is_of_limit(program: Program, number: int) -> bool:
    param = program.params[number] if number < len(program.params) else None
    return param is not None and not param.type.nullable


def _shape(value: Any, is_document: bool) -> Any:
    """What makes two values take the same plan; None: the plan for all that there is."""
    if is_document:
        shape = shape_of(value) if type(value) is str else None
        return None if shape is None else (shape,)
    return (type(value), type(value) is int and value >> 63) if type(value) in (int, str) else None


def _bound(session: Session, value: Any, source: SqlType, param: Param, writes: bool) -> Any:
    """A value as one of the type of its `?`. What is compared need not be in the calendar; what
    stands for documents is the text of one, or, while nothing is written, any text."""
    wanted = param.type
    if isinstance(value, str) and wanted.cls is Class.JSON and wanted.mixed:
        with nullcontext() if writes else suppress(SqlError):
            return convert(session, value, source, wanted, True)
    if isinstance(value, str) and wanted.cls in NUMERIC and not value.isascii():
        return convert(session, value.encode(), _BYTES, wanted, False)  # bytes, as messages show
    if wanted.cls in (Class.DATE, Class.DATETIME) and param.place == COMPARED:
        read = temporal_text.read_datetime(value, _ANY_DATE) if isinstance(value, str) else None
        if read is not None and read.is_good and not isinstance(read.value, datetime):
            value, source = read.value, datetime_type(6)
    return convert(session, value, source, wanted, False)


def prepare(session: Session, text: str) -> Prepared:
    """Parse (and compile) one statement; ERROR 1295 for what cannot be prepared."""
    tokens = session.tokenize(text)
    ranges = split_statements(text, tokens)
    if not ranges:
        raise SqlError(1065)
    for start, end in ranges[1:]:
        if session.tokenize(text[start:end])[0].kind is not Kind.END:  # a comment may follow
            raise syntax_error(text, start)
    start, end = ranges[0]
    text = text[start:end]
    statement = session.route(text, [])
    if isinstance(statement, _NOT_PREPARABLE) or _is_diagnostic(statement):
        raise SqlError(1295)
    if isinstance(statement, statements.Nothing):
        raise SqlError(1065)
    if isinstance(statement, statements.Unsupported):
        raise SqlError(1235, statement.feature)
    count = sum(token.kind is Kind.PARAM for token in tokens)
    if count > MAX_PARAMETERS:
        raise SqlError(1390)
    made = Prepared(text, statement, count, session.database)
    if isinstance(statement, statements.Plain):
        made.columns = made.current_program(session).columns
    elif count:
        raise SqlError(1235, "parameters outside of DML and SELECT")
    else:
        made.columns = administer.columns_of(session, statement)
    return made


def _is_diagnostic(statement: statements.Statement) -> bool:
    return isinstance(statement, statements.Show) and statement.what in administer.DIAGNOSTIC


def from_wire(session: Session, handle: Prepared, parameters: Sequence[Parameter]) -> list[Typed]:
    """Parameters of COM_STMT_EXECUTE as Python values with the types they were sent in."""
    if len(parameters) != handle.parameter_count:
        raise SqlError(1210, "mysqld_stmt_execute")
    return [_typed(session, parameter) for parameter in parameters]


def _typed(session: Session, parameter: Parameter) -> Typed:
    value, wire_type = parameter.value, parameter.wire_type
    if value is None:
        return None, null_type()
    if isinstance(value, bytes):
        if wire_type in _BLOBS:
            return value, string_type(len(value), "binary")
        text = session.decode_value(value)
        if isinstance(text, bytes):
            return text, string_type(len(text), "binary")
        if wire_type in (WIRE_NEWDECIMAL, WIRE_DECIMAL):
            number, _ = leading_decimal(text)
            scale = max(0, -int(number.as_tuple().exponent))
            return number, decimal_type(len(number.as_tuple().digits), scale)
        return text, string_type(len(text), session.collation)
    if isinstance(value, float):
        return value, double_type()
    unpack = _TEMPORALS.get(wire_type)
    if unpack is not None:
        return unpack(value)
    return value, int_type(unsigned=parameter.unsigned)


_BLOBS: Final = (WIRE_BLOB, WIRE_TINY_BLOB, WIRE_MEDIUM_BLOB, WIRE_LONG_BLOB, WIRE_BIT)
_TEXT: Final = string_type(0)
_ANY_DATE: Final = temporal_text.FUZZY | temporal_text.INVALID_DATES
_BYTES: Final = string_type(0, BINARY)
_TEMPORALS: Final[dict[int, Callable[[int], Typed]]] = {
    WIRE_DATE: lambda packed: (unpack_date(packed), date_type()),
    WIRE_DATETIME: lambda packed: (unpack_datetime(packed), datetime_type(6)),
    WIRE_TIMESTAMP: lambda packed: (unpack_datetime(packed), datetime_type(6)),
    WIRE_TIME: lambda packed: (unpack_time(packed), time_type(6)),
}
