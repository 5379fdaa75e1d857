"""Many updates captured once as a CUDA graph and replayed, so that a GPU is told what to do once for all of them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class CapturedUpdates:
    """The updates on one block of examples, (runs, updates·batch, …), as one graph.

    A graph works on the same memory at every replay, so a block is copied to where the first one lay.
    """

    def __init__(
        self,
        update: Callable[[Tensor, Tensor, Tensor], None],
        changed: Sequence[Tensor],
        inputs: Tensor,
        targets: Tensor,
    ) -> None:
        """Capture `update(inputs, targets, outputs)`; the tensors that it changes are left as they were."""
        self._update = update  # the graph works on memory that it keeps
        self._inputs, self._targets, self._outputs = inputs.clone(), targets.clone(), torch.empty_like(targets)
        before = [tensor.clone() for tensor in changed]
        # libraries allocate their workspaces, and Triton compiles, at the first call: neither may happen during capture
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
        """Do the updates on a block of the same shape; return its outputs, valid until the next call."""
        self._inputs.copy_(inputs)
        self._targets.copy_(targets)
        self._graph.replay()
        return self._outputs
