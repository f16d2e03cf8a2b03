"""The nodes of a Ray cluster: how many processes fit on them, which are refused, and what each needs to train."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError, RuntimeEnvSetupError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from hpo.data.cache import entry_blocks
from hpo.errors import RequestError, printable
from hpo.execution.cluster.actor import Node, NodeProcess, node_versions
from hpo.execution.cluster.versions import differences
from hpo.execution.messages import Setup

# A node that takes longer to say its versions says them once a process starts there.
CHECK_SECONDS = 60.0
# Of the images in Ray's object store, at a time.
BLOCK_BYTES = 64 << 20


class Nodes:
    """The nodes of the cluster that this process is connected to.

    Args:
        cpus: cores of a process.
        gpus: GPUs of a process.
    """

    def __init__(self, cpus: float, gpus: float) -> None:
        self.cpus = cpus
        self.gpus = gpus
        self._refused: dict[str, str] = {}
        self._memory_limits: dict[str, int] = {}
        self._blocks: Mapping[str, Sequence[Any]] | None = None
        # Each place has a thread of its own.
        self._lock = threading.Lock()

    @property
    def have_gpus(self) -> bool:
        """Whether any node has a GPU."""
        return any(node["Resources"].get("GPU") for node in self._used())

    @property
    def room(self) -> int:
        """How many processes fit on the nodes there are now, whoever uses these."""
        return sum(map(self._room_on, self._used()))

    def place_actor(self, runs: int) -> Any:
        """Have Ray start a `NodeProcess` as soon as a node has room for it."""
        options: dict[str, Any] = {"num_cpus": self.cpus, "num_gpus": self.gpus, "max_restarts": 0}
        if self._refused:
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(self._refused)})"}
        remote: Any = ray.remote  # Its types do not know of concurrency groups.
        return remote(concurrency_groups={"send": 1, "receive": 1})(NodeProcess).options(**options).remote(runs)

    def check_versions(self) -> None:
        """Refuse a cluster in which a node has other versions than this machine.

        Raises:
            RequestError: the message names each such node.
        """
        check: Any = ray.remote(num_cpus=0)(node_versions)
        asked = {}
        for node in self._used():
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            asked[check.options(scheduling_strategy=there).remote()] = node
        answered, _ = ray.wait([*asked], num_returns=len(asked), timeout=CHECK_SECONDS)
        for answer in answered:
            try:
                self.refusal(asked[answer]["NodeID"], ray.get(answer))
            except (RayTaskError, RuntimeEnvSetupError) as error:
                raise RequestError(f"node {_name(asked[answer])} cannot run hpo: {last_line(error)}") from None
            except RayError:  # It was lost in this moment.
                continue
        if self._refused:
            raise RequestError(f"{'; '.join(self._refused.values())}. Install the same versions on every node.")

    def refusal(self, node: str, versions: Mapping[str, str]) -> str | None:
        """Return why a node is not used, which is remembered; None if it is used.

        Args:
            node: its id.
            versions: that it has.
        """
        difference = differences(versions)
        if difference is None:
            return None
        name = next((_name(each) for each in self._used() if each["NodeID"] == node), node)
        return self._refused.setdefault(node, f"node {name} {difference}")

    def set_up(self, actor: Any, node: Node, setup: Setup) -> Setup:
        """Return a setup as it is on a node, where the images are then.

        Args:
            actor: on the node.
            node: the node.
            setup: as it is on this machine.
        """
        images = ray.get(actor.find_images.remote(setup))
        if images is None:
            images = ray.get(actor.keep_images.remote(setup, self._stored_blocks(setup.images)))
        limit = setup.memory_limit
        if limit is None:
            with self._lock:
                if node.id not in self._memory_limits:
                    room = sum(self._room_on(each) for each in self._used() if each["NodeID"] == node.id)
                    self._memory_limits[node.id] = ray.get(actor.memory_limit.remote(max(1, room)))
                limit = self._memory_limits[node.id]
        # Ray shows a process its own GPUs alone.
        return replace(setup, images=images, memory_limit=limit, device="cuda:0" if self.gpus else "cpu")

    def _stored_blocks(self, images: Path) -> Mapping[str, Sequence[Any]]:
        """Put the images into Ray's object store, once; each node that lacks them fetches them from there."""
        with self._lock:
            if self._blocks is None:
                blocks = entry_blocks(images, BLOCK_BYTES)
                self._blocks = {name: [ray.put(block) for block in of_file] for name, of_file in blocks.items()}
            return self._blocks

    def _used(self) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        return [node for node in nodes if node["Alive"] and node["NodeID"] not in self._refused]

    def _room_on(self, node: Mapping[str, Any]) -> int:
        needs = {"CPU": self.cpus, "GPU": self.gpus}
        shares = [float(node["Resources"].get(name, 0.0)) / need for name, need in needs.items() if need]
        return math.floor(min(shares) + 1e-9)


def last_line(error: RayError) -> str:
    """Return what an error comes down to; the lines before are of the programs in between."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[-1] if lines else type(error).__name__)


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeID'][:8]})"
