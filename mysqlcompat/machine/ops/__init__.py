"""Ops: the machine's instructions, one family a module.

Every op is a kernel ``(st, mem, run, instruction, n) -> n`` called by address. Batches are dense: a
filter compacts what later instructions need, so no op looks at a selection.

    source_kernels     one row, point get, cursor, collection: where batches come from
    load_kernels       columns of rows, slots, fields of records into registers
    compare_kernels    comparisons of numbers and of strings
    arithmetic_kernels + - * and changes of representation
    division_kernels   / DIV %
    wide_ops_kernels   decimals of up to 38 digits, in pairs of registers
    text_kernels       lengths, parts and case of strings, CONCAT, LIKE
    date_kernels       parts of dates and times, intervals
    moment_kernels     dates and times as microseconds, time zones
    text_forms_kernels values as texts, texts as values
    text_shape_kernels LPAD, the groups of FORMAT, STR_TO_DATE
    search_kernels     LOCATE, FIND_IN_SET
    markup_kernels     EXTRACTVALUE, UPDATEXML
    json_ops_kernels   values within documents, the rows of a JSON_TABLE
    json_make_kernels  documents made of values, texts and documents
    logic_kernels      AND OR NOT IS …, choice, filter, limit
    key_kernels        memcmp-ordered keys of several registers
    collect_kernels    records of a collection: append, group, store
    aggregate_kernels  states of COUNT SUM AVG MIN MAX BIT_AND …, and their results
    variance_kernels  those of VARIANCE, STD …
    sort_kernels       order of a collection's records
    join_kernels       hash probe, index lookup
    write_kernels      insert, update, delete
    wire_kernels       rows to packets
"""
