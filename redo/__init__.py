"""redo — byte edits of numbered pages, their log, and the volume of six copies that keeps it.

Knows LSNs, records, quorums, copies; does not know what is on a page.

Words: *LSN* position in the log. *MTR* mini-transaction: edits applied all or none. *batch* what
one turn of the writer published. *VDL* how far the log is durable on a write quorum; always a batch
boundary. *copy* (segment) one of six: full ones have pages and log, tails only log. *epoch* number
of a writer's reign; a later one voids what an earlier left above its start. *checkpoint* (mark)
log below it is in pages. *run* some megabytes of log, with the newest record of each page in it.
*jump* where writing went on from an earlier state; *gap* log that is left out because of it.

Read in this order:

- ``jit`` makes kernels of functions, ``compiled`` is what is seen of them, ``stored_code`` machine
  code on disk · for who compiles: ``lean`` the door to numba, ``places`` what arrays are
  to kernels, ``wrappers`` Python's way in, ``shortcuts`` numba in less time,
  ``kernel_cache`` its own cache, ``cache_place`` where that is ·
  ``codes`` results of kernels ·
  ``arena`` the memory they share
- ``calls`` kernels called by address · ``number_calls`` from Python, by a number ·
  ``coding_kernels`` numbers and runs of bytes · ``system_kernels`` system calls ·
  ``checksum_kernels`` CRC32C
- ``image`` ``record`` ``control`` ``segment_layout`` byte tables: page header, log, shared words,
  a copy's tables · ``state`` a node's words
- ``edit_kernels`` mini-transactions and edits · ``record_kernels`` applying them
- ``log_kernels`` ``log`` seal, publish, VDL, waiting
- ``environment`` the world, by constructor · ``disk`` its files · ``metadata`` ``chunks``
  ``page_store`` what a copy has on disk
- ``log_file_kernels`` ``log_read_kernels`` batches out of a copy's log · ``page_table_kernels``
  ``page_table`` ``runs`` ``index_kernels`` its pages · ``segment`` a copy
- ``copy_kernels`` ``copier`` a copy's thread · ``coalesce`` log into pages
- ``members`` who the six are · ``repair`` log and pages from peers · ``candidates`` ``healing``
  lost copies come back · ``mend_kernels`` ``mending`` ``scrub`` damage is found and mended
- ``health`` how a volume is, ``inspection`` of one that is not served · ``faults`` on demand
- ``quorum`` arithmetic of six · ``timeline`` that of going back in time · ``geometry`` which
  pages are kept together · ``directory`` making a volume · ``recovery`` · ``reign`` fencing ·
  ``storage`` all six, or those of a zone · ``upkeep`` its background, which
  gives the ``right_of_way``
- ``volumes`` what a data directory holds · ``frozen`` snapshots and the beginning of clones ·
  ``frozen_parts`` those of zones elsewhere ·
  ``rewind`` backtrack · ``requests`` what storage can be asked to do
- ``keyring`` keys · ``shared_library`` where OpenSSL is · ``cipher_layout`` ``cipher_kernels``
  ``cipher`` ``copy_cipher`` encryption of log and pages · ``sealed_log_kernels`` the batch a
  record lies in, to decrypt or verify it · ``temporary_file`` what sorts spill
- ``archive`` objects of a backup · ``archived`` the volume, here or elsewhere · ``archiver`` sends
  it · ``pins`` what must stay of the past ·
  ``restore`` a volume out of them
- ``protocol`` ``answers`` ``socket_server`` ``storage_server`` the process · ``client``
  ``volume`` who asks it · ``dump`` the inspector
- ``zone_node`` a zone in a process of its own · ``peers`` the others, as it sees them ·
  ``lending`` page files for them · ``zones`` asked together · ``coordinator`` recovers such a
  volume · ``zoned_volume`` reads its pages
- ``secret`` ``network`` links between hosts · ``messages`` ``exchange`` what goes over them ·
  ``feeder`` ``receiver`` their two ends · ``gossip`` log from other zones
- ``failpoints`` ``failpoint_kernels`` named places where a test lets the process die
- ``errors`` what can go wrong

Life of an edit: 1 `edit_kernels.page_write` changes the page and appends to the ring; 2
`mtr_commit` marks the end; 3 `log_publish` seals the batch and wakes six threads; 4 each
`copy_run` writes and syncs its chunk file; 5 the fourth to finish moves the quorum and wakes the
writer; 6 `log_advance` stores VDL: the commit is acknowledged. 7 Later `coalesce` builds the page
as of some LSN in each full copy and appends the image to its page store; 8 the log below goes.

Life of a page read: `volume.read_page` → socket → `storage.read_page` picks a full copy that is at
the LSN → `segment` indexes what its log has gained → `page_build`: stored image + records above it.

Not here: SQL, trees, who the writer is.
"""
