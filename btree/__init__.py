"""btree — pages, trees, rows, versions, locks, transactions, the dictionary.  No SQL, no sockets.

Read in this order
    layout, state          every byte table; the words kernels keep between calls
    errors, schema         what can go wrong; types, columns, indexes, tables
    failpoints, failpoint_kernels   named places where a test lets the process die
    pool, pool_kernels     page number → frame, eviction
    ahead_kernels, read_ahead   what a scan comes to next, asked for before it is missed
    page, page_kernels     a slotted page: to look at, and to search and change
    space_kernels          pages handed out and taken back, overflow chains
    reference_kernels, chain_kernels, long_values   values outside of their rows, and who owns them
    split_kernels          splits and merges
    tree, tree_kernels, entry_kernels   find, walk, reserve, insert, replace, delete; for Python
    dismantle_kernels      freeing a tree
    collations, uca, collation_kernels   weights, comparison, hashes of strings
    rows, rows_kernels     rows by column, also of older formats (`row_formats`)
    inline_kernels         copies of rows with values that lie outside
    descriptors            what kernels know of a table
    keys, keys_kernels     order-preserving keys
    txn_layout             contexts, system page, undo records, leaf values, cursors
    locks                  who waits for whom, deadlocks
    lock_views             the lock table to look at
    lock_weights           what giving a transaction up would cost
    gap_kernels, lock_memory_kernels    locked gaps: intervals of keys
    lock_kernels           who owns a key, who waits for it
    range_lock_kernels     gaps around keys and along scans
    mvcc_kernels           read views, versions
    undo_kernels           the undo stream, ids and slots
    txn_kernels            statement, commit, end
    row_keys_kernels       keys and entries of one row
    elements, element_kernels, multi_kernels   rows with several entries in an index
    row_find_kernels       the newest version of a row, locked
    row_kernels            get, insert, update, delete
    cursor_kernels, locking_scan_kernels    range scans; rows of those that lock
    settled_kernels             leaves whose rows need no closer look
    foreign_keys, foreign_layout, foreign_kernels   parents and children looked up
    cascade_kernels        rows changed under foreign keys, and what follows them
    rollback_kernels, purge_kernels     undoing; forgetting what nobody can see
    statistics, statistics_kernels   rows, sizes, different keys, by sampling
    recovered              transactions a crash cut off
    bulk_kernels           trees filled from sorted entries
    entry_sort, sort_kernels   sorting in bounded memory
    index_build, index_build_kernels   indexes built while rows are changed
    dictionary             the dictionary in memory, and following its tree
    outlines               what is in memory of all tables
    catalog, catalog_rows, catalog_kernels   the dictionary changed; private tables; dropping
    loaded_tables          descriptors of the tables in use
    engine                 the façade
    prepared, prepared_kernels   rows inserted and looked up by one number, from Python
    check, check_rows, check_chains     every invariant, verified
    dump                   `python -m btree.dump`

A row's life
     1 the session encodes it (`rows_kernels.row_encode`) and calls `row_kernels.row_insert`
     2 keys of all indexes are made; the clustered leaf says whether the key is taken, or by whom
     3 everything the change needs is brought in or promised; a miss goes back to `Engine.settle`
     4 one mini-transaction: undo record, slot and id if it is the first change, leaf, entries
     5 `txn_commit` frees the slot: one more mini-transaction, durable when VDL has passed its end
     6 readers whose view does not show the writer walk undo to the version they see
     7 an update leaves the old version in undo, and a marked entry where a key changed; a delete
       leaves the row, marked
     8 when no view anywhere needs them, `purge_kernels` removes both and frees the undo page

Words
    trx id, view (low, high, ids), undo pointer (page_no << 16 | offset), mark (deleted, still
    there), entry (of a secondary index), descriptor (a table as kernels see it), ctx (a session's
    block).

Not here: metadata locks (the session's).
"""
