"""Monitored statistics of every layer's activations and gradients, on a fixed set of examples (section 2.3)."""

import numpy as np
from torch import Tensor

from stages.network.perceptron import Passes

PERCENTILES = (2, 98)
TENTHS = 10


def activation_statistics(activations: Tensor) -> dict[str, float]:
    """Return mean, standard deviation and percentiles over `activations` (examples, units), and the tenths of |z|.

    activation_tenth_1 is the share with |z| from 0 to 0.1, and so on; the last, from 0.9, has those beyond 1 as well.
    """
    values = activations.cpu().numpy()
    # numpy's, since torch.quantile takes at most 16 million values
    percentiles = np.percentile(values, PERCENTILES).tolist()
    counts, _ = np.histogram(np.abs(values).clip(max=1), TENTHS, (0, 1))
    return {
        "activation_mean": activations.mean().item(),
        "activation_std": activations.std(correction=0).item(),
        **{f"activation_p{number}": value for number, value in zip(PERCENTILES, percentiles, strict=True)},
        **{f"activation_tenth_{tenth}": count / values.size for tenth, count in enumerate(counts.tolist(), start=1)},
    }


def layer_statistics(passes: Passes) -> list[dict[str, float]]:
    """Return one row per layer; the last is the softmax output, which has gradients only.

    Means and standard deviations are over all units and examples (or all weights) of the layer: activations z,
    back-propagated gradients ∂Cost/∂s of each example's cost, weight gradients ∂Cost/∂W of the mean cost.
    """
    rows = []
    gradients = zip(passes.back_propagated_gradients, passes.weight_gradients, strict=True)
    for layer, (back_propagated_gradient, weight_gradient) in enumerate(gradients, start=1):
        hidden = layer < len(passes.activations)
        rows.append(
            {
                "layer": layer,
                **(activation_statistics(passes.activations[layer]) if hidden else {}),
                "back_propagated_gradient_std": back_propagated_gradient.std(correction=0).item(),
                "weight_gradient_mean": weight_gradient.mean().item(),
                "weight_gradient_std": weight_gradient.std(correction=0).item(),
            }
        )
    return rows
