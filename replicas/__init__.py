"""replicas: processes that follow the writer's log and answer reads, and who takes over when.

Read in this order
    errors            what can go wrong here
    stream_layout     figures that the stream kernel keeps
    stream_kernels    the ring up to VDL, batch by batch: cached pages patched, others dropped
    apply             Applier: follows the stream, publishes how far it is, measures its lag
    reader            ReadEngine: btree's engine as of the applied LSN
    membership        pure: heartbeats in, silence out
    failover          pure: deaths in, restarts out
    endpoints         pure: which node accepts where

A log record's life on a reader
    1  the writer publishes a batch into the ring; six copies write and sync it
    2  at 4 of 6 the writer moves VDL in the control block and writes the replica's eventfd
    3  `Applier.advance` copies whole batches below VDL out of the ring, checks their CRC, and
       patches those pages which are cached; records of other pages cost a hash probe
    4  the applied LSN is published; views made from now on see the batch's commits, because a view
       is read from page 1, and page 1 is patched like any other
    5  a page missed later is fetched as of the applied LSN: log and pages meet exactly there.
       Fetch and apply run on one thread, so no record can slip in between
    6  a replica that was lapped by the ring, or meets what cannot be, empties its cache and goes on
       at VDL: nothing is lost, since it owns no data

Not here: SQL, sockets, locks (a reader takes none), writing.
"""
