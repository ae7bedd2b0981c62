"""Interior point steps for the linear program of least cost.

    min c x   s.t.  A' x + u - v = 1,   w u + t = spare,   x, u, v, t >= 0

*x* builds sites, *u* leaves demand unserved. Newton's equations of the demand are diagonal, so they are
eliminated and a dense system in the sites is left.

S. Mehrotra: On the implementation of a primal-dual interior point method. SIAM J. Optimization 2 (1992),
575-601.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.linalg import cho_factor, cho_solve

from phusong.coverage.placement.anneal_moves import Cover
from phusong.coverage.placement.costproblem import CostProblem
from phusong.coverage.placement.demandclasses import DemandClasses, demand_classes
from phusong.coverage.placement.instance import BoolArray, FloatArray, Int32Array, Int64Array
from phusong.coverage.placement.reduction import transpose

_STEP_SHARE = 0.99
"""Share of the way to the border of the positive numbers that a step goes."""
_CHEAPEST_COST = 1e-6
"""Least cost in the linear program, as share of the mean: sites that cost nothing would leave no interior."""
_CORRECTIONS = 3
"""Most corrections towards the centre in a step: cheap beside factoring."""


@dataclass(slots=True)
class Point:
    """A primal-dual point; `price` is also the slack of *v*, `rate` that of *t*."""

    x: FloatArray
    u: FloatArray
    v: FloatArray
    t: float
    price: FloatArray
    rate: float


@dataclass(frozen=True, slots=True)
class Within:
    """The linear program of some sites and the demand that they serve, both ways round.

    What none of them serves is unserved: it uses up part of the spare weight.
    """

    cover: Cover
    indptr: Int64Array
    site: Int32Array
    spare: float
    classes: DemandClasses


def within_sites(problem: CostProblem, keep: BoolArray) -> Within:
    """Return the linear program of the sites `keep` and the demand that they serve."""
    classes = demand_classes(problem.cover, keep)
    inner = classes.cover
    by = transpose(inner)
    cost = np.maximum(inner.site_cost, _CHEAPEST_COST * problem.cover.site_cost.mean())
    return Within(
        Cover(inner.indptr, inner.demand_index, inner.demand_weight, cost),
        by.indptr,
        by.site,
        problem.spare - classes.lost,
        classes,
    )


def start_point(within: Within) -> Point:
    """Return an interior point: all sites built in part, prices at which no site is worth its cost."""
    cover, spare = within.cover, within.spare
    weight_of_site = _served(cover, cover.weight)
    rate = 0.9 * float(np.median(cover.cost / np.maximum(weight_of_site, 1e-300)))
    price = 0.5 * rate * cover.weight
    over = float(np.max(_served(cover, price) / cover.cost, initial=0.0)) * 1.25
    if over > 1.0:
        price, rate = price / over, rate / over
    most = 1.0 / np.minimum.reduceat(np.diff(within.indptr)[cover.demand], cover.indptr[:-1])
    x = np.sqrt(most / max(float(np.diff(within.indptr).mean()), 1.0))
    reached = _built(within, x)
    u = np.maximum(1.0 - reached, 0.0) + 0.1
    return Point(x, u, reached + u - 1.0, max(spare, 1e-3 * cover.weight.sum()), price, rate)


def warm_point(within: Within, x: FloatArray, price: FloatArray, rate: float) -> Point:
    """Return an interior point near one of other sites.

    Parameters
    ----------
    within : Within
        The linear program.
    x : ndarray of float64, shape (sites of the program,)
        How much of each site was built.
    price : ndarray of float64, shape (demands of the program,)
        Prices; lowered together with `rate` until no site is worth its cost.
    rate : float
        Money for a unit of weight.

    Returns
    -------
    Point
        Its target may be missed by a little.
    """
    cover = within.cover
    price = np.clip(price, 0.01 * rate * cover.weight, 0.99 * rate * cover.weight)
    over = max(1.0, float(np.max(_served(cover, price) / cover.cost, initial=0.0)) * 1.02)
    x = np.maximum(x, 0.01)
    reached = _built(within, x)
    u = np.maximum(1.0 - reached, 0.0) + 0.01
    lack = within.spare - float(cover.weight @ u)
    t = max(lack, 1e-3 * abs(within.spare) + 1e-9)
    return Point(x, u, reached + u - 1.0, t, price / over, rate / over)


def _reach(now: FloatArray, change: FloatArray) -> float:
    """Return the longest step that keeps `now` + step · `change` positive, at most 1."""
    falling = change < 0
    if not falling.any():
        return 1.0
    return float(min(1.0, _STEP_SHARE * np.min(-now[falling] / change[falling])))


def make_step(within: Within, p: Point) -> tuple[Point, float]:
    """Make one predictor-corrector step; return the new point and its relative gap."""
    cover, spare = within.cover, within.spare
    w = cover.weight
    r = cover.cost - _served(cover, p.price)
    z = p.rate * w - p.price
    parts = cover.cost.size + 2 * w.size + 1
    mu = float(p.x @ r + p.u @ z + p.v @ p.price + p.t * p.rate) / parts
    miss = 1.0 - (_built(within, p.x) + p.u - p.v)
    lack = spare - float(w @ p.u) - p.t
    newton = _Newton(within, p, r, z, miss, lack)
    pull = (-p.x * r, -p.u * z, -p.v * p.price, -p.t * p.rate)
    move = newton.solve(*pull)
    primal, dual = _lengths(p, r, z, move)
    after = (
        (p.x + primal * move.x) @ (r + dual * move.r)
        + (p.u + primal * move.u) @ (z + dual * move.z)
        + (p.v + primal * move.v) @ (p.price + dual * move.price)
        + (p.t + primal * move.t) * (p.rate + dual * move.rate)
    ) / parts
    centre = mu * min(1.0, float(after) / mu) ** 3
    target = (
        pull[0] + centre - move.x * move.r,
        pull[1] + centre - move.u * move.z,
        pull[2] + centre - move.v * move.price,
        pull[3] + centre - move.t * move.rate,
    )
    move = newton.solve(*target)
    primal, dual = _lengths(p, r, z, move)
    for _ in range(_CORRECTIONS):
        aim = (min(1.0, 1.1 * primal + 0.1), min(1.0, 1.1 * dual + 0.1))
        pulled = _pulled(p, r, z, move, aim, centre)
        wanted = (
            target[0] + pulled[0],
            target[1] + pulled[1],
            target[2] + pulled[2],
            target[3] + pulled[3],
        )
        other = newton.solve(*wanted)
        lengths = _lengths(p, r, z, other)
        if min(lengths) < 1.01 * min(primal, dual) or sum(lengths) < primal + dual + 0.02:
            break
        move, target, (primal, dual) = other, wanted, lengths
    q = Point(
        p.x + primal * move.x,
        p.u + primal * move.u,
        p.v + primal * move.v,
        p.t + primal * move.t,
        p.price + dual * move.price,
        p.rate + dual * move.rate,
    )
    worth = float(q.price.sum() - q.rate * spare)
    gap = abs(float(cover.cost @ q.x) - worth) / max(abs(worth), 1e-12)
    return q, max(gap, float(np.abs(miss).max()) * (1 - primal))


@dataclass(frozen=True, slots=True)
class _Move:
    x: FloatArray
    u: FloatArray
    v: FloatArray
    t: float
    price: FloatArray
    rate: float
    r: FloatArray
    z: FloatArray


def _lengths(p: Point, r: FloatArray, z: FloatArray, move: _Move) -> tuple[float, float]:
    """Return how far the primal and the dual point may go."""
    one = np.array
    primal = min(
        _reach(p.x, move.x), _reach(p.u, move.u), _reach(p.v, move.v), _reach(one([p.t]), one([move.t]))
    )
    dual = min(
        _reach(r, move.r),
        _reach(z, move.z),
        _reach(p.price, move.price),
        _reach(one([p.rate]), one([move.rate])),
    )
    return primal, dual


def _pulled(  # noqa: PLR0917 - one call, its numbers in the order of the equation
    p: Point, r: FloatArray, z: FloatArray, move: _Move, aim: tuple[float, float], centre: float
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return corrections that bring products far from `centre`, after steps of length `aim`, nearer to it.

    J. Gondzio: Multiple centrality corrections in a primal-dual method for linear programming. Computational
    Optimization and Applications 6 (1996), 137-156.
    """
    primal, dual = aim

    def pull(now: FloatArray, change: FloatArray, other: FloatArray, other_change: FloatArray) -> FloatArray:
        product = (now + primal * change) * (other + dual * other_change)
        moved = np.clip(product, 0.1 * centre, 10.0 * centre) - product
        return np.maximum(moved, -10.0 * centre)

    one = np.array
    return (
        pull(p.x, move.x, r, move.r),
        pull(p.u, move.u, z, move.z),
        pull(p.v, move.v, p.price, move.price),
        float(pull(one([p.t]), one([move.t]), one([p.rate]), one([move.rate]))[0]),
    )


class _Newton:
    """Newton's equations at a point, factored once."""

    def __init__(  # noqa: PLR0917 - one call, its numbers in the order of the equation
        self, within: Within, p: Point, r: FloatArray, z: FloatArray, miss: FloatArray, lack: float
    ) -> None:
        self.within, self.p, self.z, self.miss, self.lack = within, p, z, miss, lack
        w = within.cover.weight
        uz, vp = p.u / z, p.v / p.price
        self.inverse = 1.0 / (uz + vp)
        self.e = uz * w
        matrix = _normal(within.cover, within.indptr, within.site, self.inverse)
        diagonal = np.einsum("ii->i", matrix)
        diagonal += r / p.x
        diagonal *= 1.0 + 1e-11
        self.factor = cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)
        self.border = _served(within.cover, self.inverse * self.e)
        self.y = cho_solve(self.factor, self.border, check_finite=False)
        corner = float((w * w * uz * vp * self.inverse).sum()) + p.t / p.rate
        self.corner = corner + float(self.border @ self.y)

    def solve(self, gx: FloatArray, gu: FloatArray, gv: FloatArray, gt: float) -> _Move:
        """Return the move whose products change by the given amounts to first order."""
        p, z, cover = self.p, self.z, self.within.cover
        w = cover.weight
        h = self.miss - gu / z + gv / p.price
        right = gx / p.x + _served(cover, self.inverse * h)
        low = -(
            self.lack - float((w * gu / z).sum()) - gt / p.rate - float((self.e * h * self.inverse).sum())
        )
        first = cho_solve(self.factor, right, check_finite=False)
        d_rate = (low - float(self.border @ first)) / self.corner
        dx = first + self.y * d_rate
        d_price = self.inverse * (h + self.e * d_rate - _built(self.within, dx))
        dr = -_served(cover, d_price)
        dz = w * d_rate - d_price
        return _Move(
            dx,
            (gu - p.u * dz) / z,
            (gv - p.v * d_price) / p.price,
            (gt - p.t * d_rate) / p.rate,
            d_price,
            d_rate,
            dr,
            dz,
        )


def _served(cover: Cover, amount: FloatArray) -> FloatArray:
    """Return for each site the sum of `amount` over the demand that it serves."""
    return np.asarray(_row_sums(cover.indptr, cover.demand, amount))


def _built(within: Within, x: FloatArray) -> FloatArray:
    """Return for each demand the sum of `x` over the sites that serve it."""
    return np.asarray(_row_sums(within.indptr, within.site, x))


@njit(cache=True, nogil=True)
def _row_sums(indptr: Int64Array, index: Int32Array, amount: FloatArray) -> FloatArray:
    sums = np.empty(indptr.size - 1)
    for row in range(indptr.size - 1):
        total = 0.0
        for at in range(indptr[row], indptr[row + 1]):
            total += amount[index[at]]
        sums[row] = total
    return sums


@njit(cache=True, nogil=True)
def _normal(cover: Cover, indptr: Int64Array, site_of: Int32Array, inverse: FloatArray) -> FloatArray:
    """Return the upper half of ``A diag(inverse) A'``: read column by column, the lower half."""
    sites = cover.cost.size
    out = np.zeros((sites, sites))
    for site in range(sites):
        row = out[site]
        for at in range(cover.indptr[site], cover.indptr[site + 1]):
            demand = cover.demand[at]
            amount = inverse[demand]
            for other in range(indptr[demand + 1] - 1, indptr[demand] - 1, -1):
                if site_of[other] < site:
                    break
                row[site_of[other]] += amount
    return out
