"""Calls through addresses, as the machine uses them (`redo/calls.py` does the work).

call2   `autoinc_next`, `cursor_again`
call3   ops (run, instruction, n), `cursor_next`, `row_delete`
call4   `row_insert`, `row_lock`        call5   `row_get`, `row_update`
call7   `program_execute`   call9   `rows_encode`   call12  `cursor_open`
"""

from redo.calls import address_of, call2, call3, call4, call5, call7, call9, call12

__all__ = ["address_of", "call2", "call3", "call4", "call5", "call7", "call9", "call12"]
