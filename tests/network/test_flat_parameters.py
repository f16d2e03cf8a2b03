import torch

from hpo.definition.trial_config import TrialConfig
from hpo.network.flat_parameters import FlatParameters
from hpo.network.mlp import MLP


def test_flat_buffer_holds_every_parameter_once_and_the_network_computes_as_before():
    config = TrialConfig.model_validate({"hidden": (7, 6), "norm": "batch"})
    model = MLP(config, 12, 4).eval()
    x = torch.randn(5, 12, generator=torch.Generator().manual_seed(0))
    before = model(x).detach()
    flat = FlatParameters(model)
    torch.testing.assert_close(model(x), before)  # Some processors multiply the transposed layout by another kernel.
    assert flat.values.numel() == sum(p.numel() for p in model.parameters()) == flat.gradients.numel()
    with torch.no_grad():
        flat.values.fill_(2.0)
        flat.gradients.fill_(3.0)
    assert all(bool((p == 2).all()) and bool((p.grad == 3).all()) for p in model.parameters())


def test_leading_elements_are_the_hidden_weights():
    model = MLP(TrialConfig.model_validate({"hidden": (7, 6), "norm": "batch"}), 12, 4)
    flat = FlatParameters(model)
    assert flat.hidden == 12 * 7 + 7 * 6
    with torch.no_grad():
        flat.values.zero_()
        flat.values[: flat.hidden] = 1.0
    hidden = model.hidden_weights()
    assert all(bool((w == 1).all()) for w in hidden)
    assert all(bool((p == 0).all()) for p in model.parameters() if all(p is not w for w in hidden))
