"""Several processes at one experiment: `accelerate launch` or `torchrun` start them.

    accelerate launch --multi_gpu --num_processes 8 -m passk_lib experiment FOLDER --device cuda ...
    torchrun --nproc-per-node 8 -m passk_lib experiment FOLDER --device cuda --samples 32 ...

Without a GPU the same command starts processes on the CPU: leave --device out.  (accelerate's own
--cpu starts several processes through MPI only.)  Over machines: the launchers' own options.

Each takes every world-th piece of the work; running sums are added up at the end of a pass.  All
of them see one folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as distributed


@dataclass(frozen=True)
class Crew:
    """This process is number `rank` of `world`."""

    rank: int = 0
    world: int = 1

    @staticmethod
    def join() -> Crew:
        """From the variables that the launcher sets; alone without them."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return Crew()
        if not distributed.is_initialized():
            # gloo for sums of CPU tensors, nccl for those of a GPU
            distributed.init_process_group(
                "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
            )
        return Crew(distributed.get_rank(), distributed.get_world_size())

    @property
    def alone(self) -> bool:
        return self.world == 1

    def mine(self, piece: int) -> bool:
        return piece % self.world == self.rank

    def wait(self) -> None:
        if not self.alone:
            distributed.barrier()

    def add_up(self, tensor: torch.Tensor) -> None:
        """The sum over all processes, in place."""
        if not self.alone:
            distributed.all_reduce(tensor)

    def add_up_array(self, array: np.ndarray) -> np.ndarray:
        if self.alone:
            return array
        tensor = torch.from_numpy(array.copy())
        distributed.all_reduce(tensor)
        return tensor.numpy()
