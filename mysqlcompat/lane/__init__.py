"""The lane: hot statements served inside asyncio's `select()`, without Python.

Read: lane_layout (every word table), fingerprint_kernels (text -> shape and literals),
serve_kernels (packet -> plan -> reply), write_kernels (one-row changes: their values, their OK),
transaction_kernels (BEGIN, COMMIT, ROLLBACK), lane_kernels (the turn: epoll, serve, report),
system_kernels (sockets for kernels), tls_kernels (what is between them and encrypted clients);
then lane (Python's side of those tables), selector (asyncio's side), lending (which connections,
when), installing (which programs), durability (who waits for VDL). Not here: SQL, and how a program
runs (`machine`).
"""
