# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth of a generated recording, with Cramer-Rao bounds, in the form of dev-sample.truth.json."""

from __future__ import annotations

import numpy as np

import exact_world as world


def first_delay(sender) -> float:
    """What its first path adds to the line of sight, s."""
    return min(p.extra_delay_s for p in sender.paths)


def path_power(sender) -> float:
    """Power of its strongest path over its nominal power."""
    return max(10.0 ** (0.1 * p.relative_db) for p in sender.paths)


def prefix_energy(case) -> float:
    """Energy of a symbol with its (short) cyclic prefix over that without."""
    return 1.0 + 144.0 / 2048.0


def toa_crlb_s(case, sender, symbols: int) -> float:
    """1 / sqrt(8 pi^2 SNR sum (f - f_m)^2) over the elements of that many symbols, first path alone in white noise.

    As in dev-sample, the prefixes' energy counts: a receiver that leaves them out stays 3.4 % above.
    """
    prs = sender.prs
    f = (np.arange(12 * prs["num_rb"]) - 6 * prs["num_rb"] + 0.5) * 1e3 * case.carrier["scs_khz"]
    first = min(sender.paths, key=lambda p: p.extra_delay_s)
    snr = 10.0 ** (0.1 * (sender.snr_db + first.relative_db)) * prs["comb_size"] * prefix_energy(case)
    return float(1.0 / np.sqrt(8.0 * np.pi**2 * snr * np.sum(f**2) * symbols / prs["comb_size"]))


def doppler_crlb_hz(case, sender) -> float:
    """The same for a tone seen at the symbols of one slot."""
    prs = sender.prs
    t = np.arange(prs["num_symbols"]) * 1e-3 / (case.carrier["scs_khz"] / 15) / 14
    elements = 12 * prs["num_rb"] / prs["comb_size"]
    snr = 10.0 ** (0.1 * sender.snr_db) * prs["comb_size"] * prefix_energy(case)
    return float(1.0 / np.sqrt(8.0 * np.pi**2 * snr * elements * np.sum((t - t.mean()) ** 2)))


class Air:
    """When which sender's symbols are in the air at the receiver (receiver-clock seconds from the first sample)."""

    def __init__(self, case, truth):
        from make_recording import sent_symbols

        self.case, self.truth = case, truth
        self.sent: dict[str, list] = {}
        for sender in case.senders:
            if sender.snr_db is None:
                continue
            arrivals = []
            for index, segment in enumerate(case.segments):
                d0 = float(truth.since_start(segment.full_s, segment.frac_s))
                span = segment.samples / case.sample_rate_hz
                toa = truth.polynomial(sender, d0, d0 + span)
                slot_s = 1e-3 * 15 / case.carrier["scs_khz"]
                late = first_delay(sender)
                for s in sent_symbols(case, sender, truth, d0 - toa(d0) - slot_s - late, d0 + span - toa(d0 + span)):
                    begin = self.arrival(sender, toa, s.begin)
                    arrivals.append((index, s, begin + late, begin + late + s.end - s.begin))
            self.sent[sender.id] = arrivals

    @staticmethod
    def arrival(sender, toa, sent: float) -> float:
        d = sent
        for _ in range(6):
            d = sent + float(toa(d))
        return d

    def interference(self, sender, begin: float, end: float) -> float:
        """Mean power density of the others over that of the noise, in the sender's band and these times."""
        prs = sender.prs
        low, high = prs["start_prb"], prs["start_prb"] + prs["num_rb"]
        total = 0.0
        for other in self.case.senders:
            if other is sender or other.id not in self.sent:
                continue
            p = other.prs
            shared = min(high, p["start_prb"] + p["num_rb"]) - max(low, p["start_prb"])
            for _, _, b, e in self.sent[other.id]:
                overlap = max(0.0, min(end, e) - max(begin, b)) / (end - begin)
                total += 10.0 ** (0.1 * other.snr_db) * path_power(other) * overlap * max(shared, 0) / prs["num_rb"]
        return total


def occasions_of(case, truth, air: Air, sender) -> tuple[list[dict], list[int]]:
    """Whole PRS slots in the recording, and slots that a segment's border cuts."""
    fs = case.sample_rate_hz
    slot_s = 1e-3 * 15 / case.carrier["scs_khz"]
    whole, cut = [], set()
    for index, segment in enumerate(case.segments):
        d0 = float(truth.since_start(segment.full_s, segment.frac_s))
        d1 = d0 + segment.samples / fs
        toa = truth.polynomial(sender, d0, d1)
        by_slot: dict[int, list] = {}
        for i, s, b, e in air.sent[sender.id]:
            if i == index:
                by_slot.setdefault(s.slot, []).append((s, b, e))
        for slot, symbols in by_slot.items():
            inside = [b >= d0 - 0.5 / fs and e <= d1 + 0.5 / fs for _, b, e in symbols]
            if not all(inside) or len(inside) < sender.prs["num_symbols"]:
                if any(min(e, d1) > max(b, d0) for _, b, e in symbols):
                    cut.add(slot)
                continue
            origin = sender.sfn0_time_s - truth.start.full_s - truth.start.frac_s
            arrival = air.arrival(sender, toa, origin + slot * slot_s)
            d = arrival + first_delay(sender)
            inr = np.array([air.interference(sender, b, e) for _, b, e in symbols])
            crlb = toa_crlb_s(case, sender, len(symbols))
            h = 0.05
            rate = (truth.toa_s(sender, d + h) - truth.toa_s(sender, d - h))[0] / (2.0 * h)
            full, frac = divmod(truth.start.full_s + (truth.start.frac_s + d), 1.0)
            whole.append({
                "slot_count": slot, "segment": index, "t_s": full + frac, "t_full_s": int(full), "t_frac_s": frac,
                "toa_s": float(truth.toa_s(sender, arrival)[0]) + first_delay(sender),
                "doppler_hz": -case.carrier["frequency_hz"] * rate,
                "interference_over_noise_db": float(10.0 * np.log10(max(inr.mean(), 1e-30))),
                "toa_crlb_s": crlb, "toa_bound_s": float(crlb * np.sqrt(1.0 + inr.mean())),
                "doppler_crlb_hz": doppler_crlb_hz(case, sender)})
    return whole, sorted(cut - {o["slot_count"] for o in whole})


def position_bound(case, truth, rows: list[tuple], which: str) -> dict | None:
    """Bound of a fix by (sender, occasions): unknown place and clock, each satellite's occasions at their middle."""
    axes = world.enu(case.latitude_deg, case.longitude_deg)
    information = np.zeros((4, 4))
    for sender, occasions in rows:
        d = np.mean([truth.since_start(o["t_full_s"], o["t_frac_s"]) for o in occasions])
        step = 50.0
        gradient = [(truth.toa_s(sender, d, truth.ue + step * a) - truth.toa_s(sender, d, truth.ue - step * a))[0]
                    * world.C_M_S / (2.0 * step) for a in axes]
        row = np.array([*gradient, 1.0])
        weight = sum(o[which] ** -2 for o in occasions) / world.C_M_S**2
        information += weight * np.outer(row, row)
    if case.give_height:
        information[2, 2] += 1.0
    if np.linalg.cond(information) > 1e13:
        return None
    covariance = np.linalg.inv(information)
    east, north, up, clock = np.sqrt(np.diag(covariance))
    return {"east_m": east, "north_m": north, "up_m": up, "horizontal_m": float(np.hypot(east, north)),
            "clock_s": clock / world.C_M_S}


def truth_of(case, truth) -> dict:
    """The whole truth file."""
    air = Air(case, truth)
    up = world.enu(case.latitude_deg, case.longitude_deg)[2]
    t0 = truth.start.full_s + truth.start.frac_s
    satellites, rows = {}, []
    for sender in case.senders:
        if not sender.listed:
            continue
        entry = {"transmitting": sender.snr_db is not None, "line_of_sight": first_delay(sender) == 0.0,
                 "snr_db": sender.snr_db,
                 "elevation_deg": world.elevation_deg(truth.orbits[sender.id], truth.ue, up, t0),
                 "paths": [vars(p) for p in sender.paths], "occasions": [], "cut_slots": []}
        if sender.snr_db is not None:
            entry["occasions"], entry["cut_slots"] = occasions_of(case, truth, air, sender)
            if entry["occasions"] and entry["line_of_sight"]:
                rows.append((sender, entry["occasions"]))
        for name in ("crlb", "bound"):
            of_all = [o[f"toa_{name}_s"] ** -2 for o in entry["occasions"]]
            entry[f"toa_{name}_all_s"] = float(sum(of_all) ** -0.5) if of_all else None
        satellites[sender.id] = entry
    return {
        "case": case.name,
        "ue": {"latitude_deg": case.latitude_deg, "longitude_deg": case.longitude_deg, "height_m": case.height_m,
               "ecef_m": list(map(float, truth.ue))},
        "receiver_clock": {"offset_s": case.clock_offset_s, "at_rx_full_s": truth.start.full_s,
                           "at_rx_frac_s": truth.start.frac_s, "rate_error_ppm": case.frequency_error_ppm},
        "satellites": satellites,
        "position": {name: position_bound(case, truth, rows, f"toa_{name}_s") for name in ("crlb", "bound")}}
