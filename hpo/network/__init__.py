"""The network: a multilayer perceptron, its initial weights and its gradients."""
