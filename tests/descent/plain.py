"""The same network as plain PyTorch modules, for comparison with autograd and torch.optim.SGD."""

from torch import nn

from stages.network.perceptron import Perceptron

MODULES = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softsign": nn.Softsign,
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
}


def plain_network(network: Perceptron) -> nn.Sequential:
    """Return the module with a copy of the parameters of `network`, in their precision."""
    layers: list[nn.Module] = []
    for weight, bias in zip(network.weights, network.biases, strict=True):
        linear = nn.Linear(*weight.shape, dtype=weight.dtype)
        linear.weight.data.copy_(weight.mT)
        linear.bias.data.copy_(bias[0])
        layers += [linear, MODULES[network.activation]()]
    return nn.Sequential(*layers[:-1])
