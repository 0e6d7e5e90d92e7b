"""The positions of a graph's boxes: layers of boxes, edges from one layer down to a later one.

After Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system structures" (1981): a box's rank
is the longest path to it; edges over several ranks get a waypoint in each; sweeps put everything near the mean of its
neighbours. Positions are (across, along): along the direction in which the graph flows, and across it. Edges bend only
between ranks, where no boxes are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

Point: TypeAlias = tuple[float, float]  # (across, along), pixels
Edge: TypeAlias = tuple["Box", int, "Box", int]  # (box, which of its outputs, box, which of its inputs)

GAP_ACROSS, GAP_ALONG, LANE, PADDING = 24, 36, 14, 30
SWEEPS = 6


class Box:
    """A box, a frame around a layout of its own, or (without a tag) a waypoint of an edge.

    Args:
        tag: The caller's mark of it.
        size: (across, along), at least.
        inner: The Layout in the frame.
    """

    def __init__(self, tag: Any, size: tuple[float, float] = (6, 0), inner: Layout | None = None) -> None:
        self.tag, self.inner = tag, inner
        across, along = size
        if inner is not None:
            across, along = max(across, inner.size[0] + 2 * PADDING), max(along, inner.size[1] + 2 * PADDING)
        self.size, self.x, self.y = (across, along), 0.0, 0.0  # x: the middle, y: where it begins

    def entry(self, index: int) -> tuple[Any, Point]:
        """Return where an edge to the given input ends: (tag, point), the point relative to the box's first corner."""
        if self.inner is None:
            return self.tag, (self.size[0] / 2, 0)
        box, inner_index = self.inner.entries[index]
        tag, point = box.entry(inner_index)
        return tag, (point[0] + box.x - box.size[0] / 2 + PADDING, point[1] + box.y + PADDING)

    def exit(self, index: int) -> tuple[Any, list[Point]]:
        """Return how an edge from the given output begins: (tag, points); at the last point it leaves the box."""
        if self.inner is None:
            return self.tag, [(self.size[0] / 2, self.size[1])]
        tag, points = self.inner.exits[index]
        return tag, _shifted(points, PADDING, PADDING)


class Layout:
    """Boxes with their positions, and edges.

    Args:
        boxes: Boxes, in about the order of computation; their positions are set.
        edges: (box, which of its outputs, box, which of its inputs); several equal ones are drawn once.
        entries: For each input of the whole, (box, which of its inputs).
        outputs: For each output of the whole, (box, which of its outputs): lines from them lead to the far side.

    Attributes:
        size: (across, along), in pixels.
        lines: (tag of the source, tag of the target, points)
        exits: Per output, (tag, points up to the far side).
    """

    def __init__(self, boxes: list[Box], edges: list[Edge], entries: Sequence[tuple[Box, int]] = (),
                 outputs: Sequence[tuple[Box, int]] = ()) -> None:
        self.boxes, self.entries = boxes, entries
        edges = list(dict.fromkeys(edges))
        order, back = _acyclic(boxes, edges)
        rank = dict.fromkeys(boxes, 0)
        for box in order:
            for source, _, target, _ in edges:
                if source is box and (source, target) not in back:
                    rank[target] = max(rank[target], rank[source] + 1)
        last = max(rank.values(), default=0)
        ports = [Box(None) for _ in outputs]
        rank.update(dict.fromkeys(ports, last + 1))
        self._ranks: list[list[Box]] = [[] for _ in range(last + 1 + bool(ports))]
        for box in rank:
            self._ranks[rank[box]].append(box)
        # (before, after) of each box: lists of (neighbour, its point, own point)
        self._neighbours: dict[Box, tuple[list[Any], list[Any]]] = {box: ([], []) for box in rank}
        forward = [edge for edge in edges if (edge[0], edge[2]) not in back]
        forward += [(source, index, port, 0) for (source, index), port in zip(outputs, ports, strict=True)]
        chains = [self._chain(edge, rank) for edge in forward]
        self._place(bool(back))
        routes = [(edge[0].exit(edge[1])[0], edge[2].entry(edge[3])[0], self._route(edge, chain, rank))
                  for edge, chain in zip(forward, chains, strict=True)]
        first_port = len(forward) - len(ports)
        self.lines = routes[:first_port]
        self.exits = [(source, points) for source, _, points in routes[first_port:]]
        for source, index, target, into in edges:
            if (source, target) in back:
                self._add_loop((source, index, target, into), rank)

    def _chain(self, edge, rank):
        """The waypoints of an edge; it and they are entered in the lists of neighbours."""
        source, index, target, into = edge
        waypoints = [Box(None) for _ in range(rank[source] + 1, rank[target])]
        for offset, waypoint in enumerate(waypoints):
            self._ranks[rank[source] + 1 + offset].append(waypoint)
            self._neighbours[waypoint] = [], []
        chain = [source, *waypoints, target]
        for one, other in zip(chain, chain[1:], strict=False):
            leaves = (one.exit(index)[1][-1] if one is source else one.exit(0)[1][-1])[0] - one.size[0] / 2
            enters = (other.entry(into) if other is target else other.entry(0))[1][0] - other.size[0] / 2
            self._neighbours[one][1].append((other, enters, leaves))
            self._neighbours[other][0].append((one, leaves, enters))
        return waypoints

    def _place(self, loops):
        for boxes in self._ranks:
            _spread(boxes, [0.0] * len(boxes))
        for sweep in range(SWEEPS + 4):
            for ranks, side in ((self._ranks, 0), (self._ranks[::-1], 1)):
                for boxes in ranks:
                    straighten = sweep >= SWEEPS  # then the order stays, and both sides count
                    wanted = {box: self._wanted(box, (0, 1) if straighten else (side,)) for box in boxes}
                    if not straighten:
                        boxes.sort(key=wanted.get)
                    _spread(boxes, [wanted[box] for box in boxes])
        left = min((box.x - box.size[0] / 2 for boxes in self._ranks for box in boxes), default=0)
        y = GAP_ALONG / 2 if loops else 0
        self._bounds = []  # of each rank, along
        for boxes in self._ranks:
            if boxes and all(box.tag is None for box in boxes):  # the lines to a frame's far side, which has a padding
                y -= GAP_ALONG / 2
            height = max((box.size[1] for box in boxes), default=0)
            self._bounds.append((y, y + height))
            for box in boxes:
                box.x, box.y = box.x - left, y
            y += height + GAP_ALONG
        across = max((box.x + box.size[0] / 2 for boxes in self._ranks for box in boxes), default=0)
        self.size = across, y - GAP_ALONG + (GAP_ALONG / 2 if loops else 0)

    def _wanted(self, box, sides):
        positions = [other.x + there - here for side in sides for other, there, here in self._neighbours[box][side]]
        return sum(positions) / len(positions) if positions else box.x

    def _ends(self, edge, rank):
        """The points with which an edge leaves its first rank, and those with which it comes into its last."""
        source, index, target, into = edge
        start = _shifted(source.exit(index)[1], source.x - source.size[0] / 2, source.y)
        [end] = _shifted([target.entry(into)[1]], target.x - target.size[0] / 2, target.y)
        return ([*start, (start[-1][0], self._bounds[rank[source]][1])],
                [(end[0], self._bounds[rank[target]][0]), end])

    def _route(self, edge, waypoints, rank):
        start, end = self._ends(edge, rank)
        between = [(point.x, along) for offset, point in enumerate(waypoints)
                   for along in self._bounds[rank[edge[0]] + 1 + offset]]
        return [*start, *between, *end]

    def _add_loop(self, edge, rank):
        """An edge against the flow (a layer is called on what was made of its own output): around everything."""
        start, end = self._ends(edge, rank)
        lane, below, above = self.size[0] + LANE, start[-1][1] + GAP_ALONG / 4, end[0][1] - GAP_ALONG / 4
        self.size = lane, self.size[1]
        self.lines.append((edge[0].exit(edge[1])[0], edge[2].entry(edge[3])[0],
                           [*start, (start[-1][0], below), (lane, below), (lane, above), (end[0][0], above), *end]))

    def everything(self, x: float = 0.0, y: float = 0.0) -> Iterator[tuple[Any, ...]]:
        """Yield ("box" or "frame", tag, two corners) and ("line", tag, tag, points), frames before what is in them."""
        for box in self.boxes:
            left, top = box.x - box.size[0] / 2 + x, box.y + y
            yield "frame" if box.inner else "box", box.tag, ((left, top), (left + box.size[0], top + box.size[1]))
            if box.inner:
                yield from box.inner.everything(left + PADDING, top + PADDING)
        for source, target, points in self.lines:
            yield "line", source, target, _shifted(points, x, y)


def _shifted(points, x, y):
    return [(across + x, along + y) for across, along in points]


def _acyclic(boxes, edges):
    """The boxes, each after those it depends on, and the (source, target) that had to be left out for this."""
    followers = {box: [] for box in boxes}
    for source, _, target, _ in edges:
        followers[source].append(target)
    state, finished, back = {}, [], set()
    for first in boxes:
        stack = [(first, iter(followers[first]))] if first not in state else []
        state.setdefault(first, "open")
        while stack:  # depth first, without recursion: models are deep
            box, rest = stack[-1]
            follower = next(rest, None)
            if follower is None:
                state[box] = "done"
                finished.append(box)
                stack.pop()
            elif follower not in state:
                state[follower] = "open"
                stack.append((follower, iter(followers[follower])))
            elif state[follower] == "open":
                back.add((box, follower))
    return finished[::-1], back


def _spread(boxes, wanted):
    """Set the positions of a rank's boxes, in their order, at the least sum of squared distances from the wanted ones.

    Isotonic regression by pooling neighbours that would overlap.
    """
    pools, offsets = [], [0.0]  # pool: [sum of wanted, number]
    for one, other in zip(boxes, boxes[1:], strict=False):
        offsets.append(offsets[-1] + (one.size[0] + other.size[0]) / 2 + GAP_ACROSS)
    for position, offset in zip(wanted, offsets, strict=True):
        pools.append([position - offset, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, number = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += number
    positions = [total / number for total, number in pools for _ in range(number)]
    for box, position, offset in zip(boxes, positions, offsets, strict=True):
        box.x = position + offset
