"""The layers of an exported network, as its file states them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# Written out: a file can be read by a version of hpo whose settings have other choices.
ActivationKind = Literal["relu", "gelu", "silu", "tanh", "leaky_relu", "elu", "selu"]
# The tensors of each kind of layer that has some; an activation has none.
TENSORS: dict[str, tuple[str, ...]] = {
    "scale": ("weight", "bias"),
    "linear": ("weight", "bias"),
    "batch_norm": ("weight", "bias", "mean", "variance"),
    "layer_norm": ("weight", "bias"),
}


class Layer(BaseModel):
    """One layer: what it computes, of how many units, and the name of its tensors.

    A layer `scale` computes x * weight + bias for each value of an image, `linear` x @ weight.T + bias.

    Attributes:
        kind: what the layer computes.
        units: number of outputs.
        eps: added to the variance by `batch_norm` and `layer_norm`.
        name: the layer's tensor `weight` is called `name.weight` in the file, and so are the others.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    kind: Literal["scale", "linear", "batch_norm", "layer_norm"] | ActivationKind
    units: int = Field(ge=1)
    eps: float = Field(default=0.0, ge=0.0)
    name: str

    def tensors(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each of the layer's tensors by its name in the file.

        Args:
            inputs: number of the layer's inputs.
        """
        shapes = {
            of: (self.units, inputs) if (self.kind, of) == ("linear", "weight") else (self.units,)
            for of in TENSORS.get(self.kind, ())
        }
        return {f"{self.name}.{of}": shape for of, shape in shapes.items()}
