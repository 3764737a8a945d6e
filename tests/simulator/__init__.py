"""A cluster in one thread: production code on a virtual clock, disk and network, from one seed.

``python -m tests.simulator`` runs it; `docs/simulator.md` says what it does and finds. Read:
`world` (time, chance, who runs next) · `drives` (disks) · `syscalls` (kernels' way to both) ·
`ledger` (what must be true) · `processes` `links` `hosts` (storage, in one process or several) ·
`objects` (an object store) · `nodes` (writers, replicas) · `cluster` (all of them) · `branches`
(snapshots, clones, restores) · `faults` · `invariants` · `mutations` (planted bugs) · `run`.
"""
