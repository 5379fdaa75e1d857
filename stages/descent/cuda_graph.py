"""Many updates captured as one CUDA graph, so that a single launch replays them all."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class CapturedUpdates:
    """The updates on one block of examples, (runs, updates·batch, …), as one graph.

    A graph uses the same memory at every replay, so each block is copied into the captured buffers.
    """

    def __init__(
        self,
        update: Callable[[Tensor, Tensor, Tensor], None],
        changed: Sequence[Tensor],
        inputs: Tensor,
        targets: Tensor,
    ) -> None:
        """Capture `update(inputs, targets, outputs)`, and restore `changed`, the tensors that it changes."""
        self._update = update  # keeps its buffers alive, which the graph uses
        self._inputs, self._targets, self._outputs = inputs.clone(), targets.clone(), torch.empty_like(targets)
        before = [tensor.clone() for tensor in changed]
        # the first call allocates library workspaces and compiles Triton kernels, which is forbidden during capture
        warm_up = torch.cuda.Stream()
        warm_up.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(warm_up):
            update(self._inputs, self._targets, self._outputs)
        torch.cuda.current_stream().wait_stream(warm_up)
        for tensor, value in zip(changed, before, strict=True):
            tensor.copy_(value)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            update(self._inputs, self._targets, self._outputs)

    def __call__(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Run the updates on a block of the same shape; return its outputs, valid until the next call."""
        self._inputs.copy_(inputs)
        self._targets.copy_(targets)
        self._graph.replay()
        return self._outputs
