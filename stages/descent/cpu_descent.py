"""Gradient descent by the compiled kernels of cpu_kernels.c: a whole block of updates is one call."""

import ctypes
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from stages.network.padding import ROW
from stages.network.perceptron import Perceptron


class Layer(ctypes.Structure):
    """`struct layer` of cpu_kernels.c."""

    SIZES = ("units", "stride")
    TENSORS = ("weights", "biases", "weight_rates", "bias_rates", "scale", "shift", "mean", "variance")
    BUFFERS = ("precision", "normalized", "z", "slopes", "gradients", "by_unit")
    _fields_ = (
        *((name, ctypes.c_long) for name in SIZES),
        *((name, ctypes.c_void_p) for name in (*TENSORS, *BUFFERS)),
    )


def load(library: str) -> ctypes.CDLL:
    """Return the compiled kernels in the file `library`; raises OSError if it is not such a file."""
    kernels = ctypes.CDLL(library)
    count, pointer, number = ctypes.c_long, ctypes.c_void_p, ctypes.c_float
    try:
        kernels.descend.argtypes = [count, pointer, count, number, pointer, pointer, pointer]
        kernels.reconstruct.argtypes = [pointer, pointer, pointer, count, count, number, pointer, pointer]
    except AttributeError as error:
        raise OSError(f"{library} lacks a function") from error
    kernels.descend.restype = kernels.reconstruct.restype = None
    return kernels


class Layers:
    """The layers of one network with the kernels' buffers, for mini-batches of one size."""

    def __init__(self, widths: Sequence[int], batch_size: int, tensors: Sequence[Mapping[str, Tensor]]) -> None:
        """`widths`: units of every layer, the input included. `tensors`: for each, those named in `Layer.TENSORS`.

        All tensors are `padded`: weights and their rates (units below, units), the others (1, units).
        """
        strides = [-(-units // ROW) * ROW for units in widths]
        self._kept = [tensors]  # alive, because the kernels know only addresses
        self._layers = (Layer * len(widths))()
        for layer, units, stride, known in zip(self._layers, widths, strides, tensors, strict=True):
            layer.units, layer.stride = units, stride
            for name, tensor in known.items():
                if tensor.dtype != torch.float32 or tensor.stride() != (stride, 1):
                    raise ValueError(f"{name} has no rows of {stride} float32 numbers")
                setattr(layer, name, tensor.data_ptr())
            buffers = {name: torch.zeros(batch_size, stride) for name in Layer.BUFFERS}
            self._kept.append(buffers)
            for name, buffer in buffers.items():
                setattr(layer, name, buffer.data_ptr())

    def __len__(self) -> int:
        """Return the number of layers, the input included."""
        return len(self._layers)

    def address(self, layer: int) -> int:
        """Return the address of layer `layer`, the input being 0."""
        return ctypes.addressof(self._layers[layer])


def layers_of(networks: Perceptron, parameter_rates: Sequence[Tensor] | None = None) -> list[dict[str, Tensor]]:
    """Return the tensors of each layer of a stack; `parameter_rates` are those of the weights, then of the biases."""
    layers = [
        {"weights": weight, "biases": bias} for weight, bias in zip(networks.weights, networks.biases, strict=True)
    ]
    for index, rates in enumerate(parameter_rates or ()):
        layers[index % len(layers)]["weight_rates" if index < len(layers) else "bias_rates"] = rates
    return layers


class CpuDescent:
    """Updates a stack of runs in place, as `stages.descent.sgd.GradientDescent` does."""

    def __init__(
        self,
        kernels: ctypes.CDLL,
        layers: Sequence[Mapping[str, Tensor]],
        learning_rates: Sequence[float],
        batch_size: int,
    ) -> None:
        """Keep `layers`: for each, the tensors of `Layer.TENSORS` that it has, with a leading dimension of runs."""
        self.changed = [tensor for layer in layers for name, tensor in layer.items() if not name.endswith("_rates")]
        self._descend = kernels.descend
        self._rates = [rate / batch_size for rate in learning_rates]
        self._batch_size = batch_size
        widths = [layers[0]["weights"].shape[-2], *(layer["weights"].shape[-1] for layer in layers)]
        self._runs = [
            Layers(widths, batch_size, [{}, *({name: tensor[run] for name, tensor in one.items()} for one in layers)])
            for run in range(len(learning_rates))
        ]

    def update(self, inputs: Tensor, targets: Tensor, outputs: Tensor) -> None:
        """Do one update for each mini-batch, in order, as `stages.descent.sgd.GradientDescent.update` does."""
        tensors = [tensor.contiguous() for tensor in (inputs, targets, outputs)]
        updates = inputs.shape[1] // self._batch_size
        for run, (layers, rate) in enumerate(zip(self._runs, self._rates, strict=True)):
            places = (tensor[run].data_ptr() for tensor in tensors)
            self._descend(len(layers) - 1, layers.address(0), updates, rate, *places)
        if tensors[2].data_ptr() != outputs.data_ptr():
            outputs.copy_(tensors[2])
