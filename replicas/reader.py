"""ReadEngine: btree's engine as of the applied LSN, and the applier that moves it forward.

Everything `Engine` offers for reading is offered here by the same object; a change of data ends with
E_READ_ONLY in its kernel. Apply and reads take turns on one thread.
"""

from __future__ import annotations

from typing import Any

from btree.engine import Engine
from redo.arena import Arena, Words
from redo.volume import Volume
from replicas.apply import Applier


class ReadEngine(Engine):
    """An engine that follows the writer's stream.

    replica_no  0…15: this replica's words in the control block
    """
