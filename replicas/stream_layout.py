"""Words that the stream kernel and `apply` share: figures of one follower, in its arena."""

from __future__ import annotations

from typing import Final

FIGURE_BATCHES: Final = 0  #: batches applied
FIGURE_RECORDS: Final = 8  #: page records in them
FIGURE_APPLIED: Final = 16  #: those that patched a cached page
FIGURE_COMMITS: Final = 24  #: commit marks passed
FIGURE_LAG_US: Final = 32  #: last commit: from its clock mark to the end of its batch here
FIGURE_LAG_MAX_US: Final = 40  #: the largest of them since the word was last cleared
FIGURE_DICTIONARY: Final = 48  #: dictionary version of the last DICTIONARY mark, 0: none yet
FIGURE_CLOCK_US: Final = 56  #: wall clock when the last batch had been applied
FIGURE_SCRATCH: Final = 64  #: 16 bytes for the clock
FIGURES_BYTES: Final = 128

#: A kernel call returns to Python after so much log, so that sessions get their turns.
TURN_BYTES: Final = 1 << 20
