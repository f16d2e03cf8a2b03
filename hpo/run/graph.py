"""A network as the graph that TensorBoard draws."""

from collections.abc import Sequence

from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from torch import nn

from hpo.network.mlp import MLP


def graph(model: MLP, n_features: int) -> GraphDef:
    """Return the layers of a network, from its inputs to its logits, with the parameters of each.

    The layers are those of the modules; training itself calls kernels of its own. `SummaryWriter.add_graph` would trace
    the modules with torch.jit, which is deprecated and takes as long as several epochs of a small data set.

    Args:
        model: its modules are in the order in which they compute, each on the output of the one before.
        n_features: number of inputs.
    """
    nodes = [_node("input", "images", (n_features,))]
    units = n_features
    before = "input"
    for path, module in model.named_modules():
        if next(module.children(), None) or isinstance(module, nn.Identity) or getattr(module, "p", None) == 0.0:
            continue  # It is made of others, or does nothing.
        layer, _, part = path.rpartition(".")
        name = f"{layer}/{part}" if layer else part  # A box for each layer.
        parameters = {f"{name}/{of}": parameter for of, parameter in module.named_parameters()}
        nodes += [_node(of, "Parameter", tuple(parameter.shape)) for of, parameter in parameters.items()]
        units = getattr(module, "out_features", units)
        # A node that has others in it is a box, which needs another node for what it computes.
        inside = f"{name}/{type(module).__name__}" if parameters else name
        nodes.append(_node(inside, type(module).__name__, (units,), [before, *parameters], str(module)))
        before = inside
    nodes.append(_node("logits", "logits", (units,), [before]))
    return GraphDef(node=nodes)


def _node(name: str, op: str, shape: tuple[int, ...], inputs: Sequence[str] = (), module: str = "") -> NodeDef:
    node = NodeDef(name=name, op=op, input=inputs)
    size = node.attr["_output_shapes"].list.shape.add()
    for length in shape if op == "Parameter" else (-1, *shape):  # -1 is the number of images.
        size.dim.add(size=length)
    if module:
        node.attr["module"].s = module.encode()
    return node
