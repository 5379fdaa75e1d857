"""Each cost's gradient against autograd on PyTorch's own losses, in float64."""

import pytest
import torch
from torch import Tensor, nn

from stages.network.costs import COSTS


def quadratic_loss(s: Tensor, labels: Tensor) -> Tensor:
    """Half the squared distance of the softmax outputs from the one-hot labels, summed over the examples."""
    targets = nn.functional.one_hot(labels, s.shape[-1]).to(s.dtype)
    return nn.functional.mse_loss(s.softmax(-1), targets, reduction="sum") / 2


LOSSES = {"cross_entropy": nn.CrossEntropyLoss(reduction="sum"), "quadratic": quadratic_loss}


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("scale", [0.1, 3, 30])
def test_gradients_equal_autograd(cost, scale):
    random = torch.Generator().manual_seed(1)
    s = (scale * torch.randn(20, 7, dtype=torch.float64, generator=random)).requires_grad_()
    labels = torch.randint(0, 7, (20,), generator=random)
    LOSSES[cost](s, labels).backward()
    found = torch.empty_like(s)
    with torch.no_grad():
        COSTS[cost].gradient(s, nn.functional.one_hot(labels, 7).double(), found)
    torch.testing.assert_close(found, s.grad, rtol=0, atol=1e-12)


def test_at_a_certain_wrong_answer_the_quadratic_cost_is_flat_and_cross_entropy_steepest():
    s, wrong = torch.tensor([[40.0, 0, 0]]), torch.tensor([[0.0, 1, 0]])
    flat, steep = torch.empty(1, 3), torch.empty(1, 3)
    COSTS["quadratic"].gradient(s, wrong, flat)
    COSTS["cross_entropy"].gradient(s, wrong, steep)
    assert flat.abs().max() < 1e-15
    torch.testing.assert_close(steep, torch.tensor([[1.0, -1, 0]]))
