"""Loops over ratings, compiled by numba; `moments` and `curvature` say what they compute.

Only imported where numba is installed.
"""

import numba
import numpy as np

_FAR = 600.0
"""Beyond this exponent the chain of powers is not safe, and logarithms are taken."""
_BLOCK = 256
_OPTIONS = {"fastmath": {"contract", "reassoc", "nsz", "arcp"}, "error_model": "numpy"}


def _compiled(function):
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        # Neither the package's folder nor a home may be written to: it is compiled again at every start.
        return numba.njit(**_OPTIONS)(function)


@_compiled
def chances(eta, sums, g, p):
    """Fill p with the probabilities and return the mean, the variance and the logarithm of their total."""
    top = -np.inf
    for k in range(len(p)):
        p[k] = k * eta - sums[g, k]
        top = max(top, p[k])
    total = 0.0
    first = 0.0
    for k in range(len(p)):
        p[k] = np.exp(p[k] - top)
        total += p[k]
        first += k * p[k]
    mean = first / total
    spread = 0.0
    for k in range(len(p)):
        p[k] /= total
        spread += (k - mean) * (k - mean) * p[k]
    return mean, spread, np.log(total) + top


@_compiled
def near_chances(odds, factors, g, p):
    """The same from powers of the odds, where those stay within the range of numbers; mean and variance."""
    power = 1.0
    total = 0.0
    first = 0.0
    for k in range(len(p)):
        p[k] = power * factors[g, k]
        power *= odds
        total += p[k]
        first += k * p[k]
    share = 1 / total
    mean = first * share
    spread = 0.0
    for k in range(len(p)):
        p[k] *= share
        spread += (k - mean) * (k - mean) * p[k]
    return mean, spread


@_compiled
def _far(variance, r, places, q):
    return 0.0 if q == 0 else np.sqrt(variance[r]) * places[q]


@_compiled
def careful_pass(
    start,
    size,
    value,
    trials,
    weight,
    scale,
    eta,
    variance,
    sums,
    places,
    weights,
    residual,
    spread,
    mixed,
    step_residual,
    step_variance,
):
    """One block in logarithms, counts of trials included; below the diagonal of the step variances only."""
    n_categories = sums.shape[1]
    p = np.empty(n_categories)
    log_likelihood = 0.0
    for r in range(start, start + size):
        g, x, t = scale[r], value[r], trials[r]
        residual[r] = 0.0
        spread[r] = 0.0
        for k in range(1, n_categories - 1):
            mixed[r, k - 1] = 0.0
        for q in range(len(places)):
            here = eta[r] + _far(variance, r, places, q)
            share = weight[r] * weights[q]
            if t > 0:
                success = 1 / (1 + np.exp(-here))
                residual[r] += share * (x - t * success)
                spread[r] += share * t * success * (1 - success)
                log_likelihood += share * (x * here - t * (np.log1p(np.exp(-abs(here))) + max(here, 0.0)))
                continue
            mean, var, rest = chances(here, sums, g, p)
            residual[r] += share * (x - mean)
            spread[r] += share * var
            if weight[r] > 0:
                log_likelihood += share * (x * here - sums[g, x] - rest)
            if 0 < x < n_categories - 1:
                step_residual[g, x] += share
            for k in range(1, n_categories - 1):
                part = share * p[k]
                mixed[r, k - 1] += part * (k - mean)
                step_residual[g, k] -= part
                step_variance[g, k, k] += part
                for j in range(1, k + 1):
                    step_variance[g, k, j] -= part * p[j]
    return log_likelihood


@_compiled
def one_pass(
    value,
    trials,
    weight,
    scale,
    eta,
    variance,
    sums,
    factors,
    places,
    weights,
    residual,
    spread,
    mixed,
    step_residual,
    step_variance,
):
    """See `Moments`. Ratings go through in blocks, so that the inner loops run over many at once."""
    n_scales, n_categories = sums.shape
    n_places = len(places)
    chance = np.empty((n_categories, _BLOCK))
    odds, power, first = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    total, mean, var = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    middle, wide = np.empty(_BLOCK), np.empty(_BLOCK)
    own_mixed = np.empty((n_categories, _BLOCK))
    own_chance = np.empty((n_categories, _BLOCK))
    own_both = np.empty((n_categories, n_categories, _BLOCK))
    log_likelihood = 0.0
    for start in range(0, len(value), _BLOCK):
        size = min(_BLOCK, len(value) - start)
        is_plain = True
        for b in range(size):
            r = start + b
            reach = abs(eta[r])
            if n_places > 1:
                reach += np.sqrt(variance[r]) * abs(places[n_places - 1])
            # Far out the powers would leave the range of numbers, and counts of trials have no categories.
            if trials[r] > 0 or reach * (n_categories - 1) > _FAR:
                is_plain = False
        if not is_plain:
            log_likelihood += careful_pass(
                start,
                size,
                value,
                trials,
                weight,
                scale,
                eta,
                variance,
                sums,
                places,
                weights,
                residual,
                spread,
                mixed,
                step_residual,
                step_variance,
            )
            continue
        for b in range(size):
            middle[b] = np.exp(eta[start + b])
            residual[start + b] = 0.0
            spread[start + b] = 0.0
        for k in range(1, n_categories - 1):
            for b in range(size):
                own_mixed[k, b] = 0.0
                own_chance[k, b] = 0.0
            for j in range(1, k + 1):
                for b in range(size):
                    own_both[k, j, b] = 0.0
        for q in range(n_places):
            if q == 0:
                for b in range(size):
                    odds[b] = middle[b]
            elif q % 2 == 1:
                # The places come in pairs, one each side of the middle.
                for b in range(size):
                    wide[b] = np.exp(np.sqrt(variance[start + b]) * places[q])
                    odds[b] = middle[b] * wide[b]
            else:
                for b in range(size):
                    odds[b] = middle[b] / wide[b]
            for b in range(size):
                power[b] = 1.0
                total[b] = 0.0
                first[b] = 0.0
            for k in range(n_categories):
                if n_scales == 1:
                    for b in range(size):
                        chance[k, b] = power[b] * factors[0, k]
                else:
                    for b in range(size):
                        chance[k, b] = power[b] * factors[scale[start + b], k]
                for b in range(size):
                    total[b] += chance[k, b]
                    first[b] += k * chance[k, b]
                    power[b] *= odds[b]
            for b in range(size):
                power[b] = 1 / total[b]
                mean[b] = first[b] * power[b]
                var[b] = 0.0
            for k in range(n_categories):
                for b in range(size):
                    chance[k, b] *= power[b]
                    gap = k - mean[b]
                    var[b] += gap * gap * chance[k, b]
            share = weights[q]
            for b in range(size):
                r = start + b
                residual[r] += share * weight[r] * (value[r] - mean[b])
                spread[r] += share * weight[r] * var[b]
            for k in range(1, n_categories - 1):
                for b in range(size):
                    part = share * weight[start + b] * chance[k, b]
                    own_chance[k, b] += part
                    own_mixed[k, b] += part * (k - mean[b])
                for j in range(1, k + 1):
                    for b in range(size):
                        own_both[k, j, b] += share * weight[start + b] * chance[k, b] * chance[j, b]
            # Logarithms are taken of products of many totals.
            product = 1.0
            for b in range(size):
                r = start + b
                w, x = weight[r], value[r]
                # What has no weight may stand in a category that has no chance.
                if w == 0.0:
                    continue
                log_likelihood += (
                    share * w * (x * (eta[r] + _far(variance, r, places, q)) - sums[scale[r], x])
                )
                if w == 1.0:
                    product *= total[b]
                    if not 1e-150 < product < 1e150:
                        log_likelihood -= share * np.log(product)
                        product = 1.0
                else:
                    log_likelihood -= share * w * np.log(total[b])
            log_likelihood -= share * np.log(product)
        for k in range(1, n_categories - 1):
            for b in range(size):
                mixed[start + b, k - 1] = own_mixed[k, b]
            for b in range(size):
                step_residual[scale[start + b], k] -= own_chance[k, b]
                step_variance[scale[start + b], k, k] += own_chance[k, b]
            for j in range(1, k + 1):
                for b in range(size):
                    step_variance[scale[start + b], k, j] -= own_both[k, j, b]
        for b in range(size):
            x = value[start + b]
            if 0 < x < n_categories - 1:
                step_residual[scale[start + b], x] += weight[start + b]
    for g in range(n_scales):
        for k in range(n_categories):
            for j in range(k):
                step_variance[g, j, k] = step_variance[g, k, j]
    return log_likelihood


@_compiled
def all_squares(
    value,
    trials,
    weight,
    scale,
    eta,
    variance,
    sums,
    factors,
    places,
    weights,
    square,
    spread,
    standard,
    fourth,
    kurtosis,
):
    p = np.empty(sums.shape[1])
    for r in range(len(value)):
        g, x, t = scale[r], value[r], trials[r]
        sd = 0.0 if len(places) == 1 else np.sqrt(variance[r])
        a, b, c, d, e = 0.0, 0.0, 0.0, 0.0, 0.0
        for q in range(len(places)):
            at = eta[r] + sd * places[q]
            if t > 0:
                success = 1 / (1 + np.exp(-at))
                mean, var = t * success, t * success * (1 - success)
                high = var * (1 + (3 * t - 6) * success * (1 - success))
            else:
                high = 0.0
                if abs(at) * (len(p) - 1) < _FAR:
                    mean, var = near_chances(np.exp(at), factors, g, p)
                else:
                    mean, var, _ = chances(at, sums, g, p)
                for k in range(len(p)):
                    away = (k - mean) * (k - mean)
                    high += away * away * p[k]
            gap = (x - mean) ** 2
            low = max(var, 1e-150)
            a += weights[q] * gap
            b += weights[q] * var
            c += weights[q] * gap / low
            d += weights[q] * high
            e += weights[q] * high / (low * low)
        square[r], spread[r], standard[r], fourth[r], kurtosis[r] = a, b, c, d, e


@_compiled
def turn(index, sign, direction, step_direction, scale, spread, mixed, out, step_out):
    n_categories = step_direction.shape[1]
    for r in range(len(spread)):
        along = 0.0
        for f in range(len(sign)):
            along += sign[f] * direction[index[f, r]]
        back = spread[r] * along
        g = scale[r]
        for k in range(1, n_categories - 1):
            back -= mixed[r, k - 1] * step_direction[g, k]
            step_out[g, k] -= mixed[r, k - 1] * along
        for f in range(len(sign)):
            out[index[f, r]] += sign[f] * back
