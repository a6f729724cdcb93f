# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrier and DL-PRS resource as assistance data gives them (TS 38.211, TS 37.355), with their validation."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Fields

SCS_KHZ = (15, 30, 60, 120)
COMB_SIZES = (2, 4, 6, 12)
LEGAL_SYMBOLS = {2: (2, 4, 6, 12), 4: (4, 12), 6: (6, 12), 12: (12,)}
"""Numbers of symbols that TS 38.211 table 7.4.1.7.3-1 allows with each comb size."""
PERIODICITIES = (4, 5, 8, 10, 16, 20, 32, 40, 64, 80, 160, 320, 640, 1280, 2560, 5120, 10240)
"""T_per in slots at 15 kHz; at 15 * 2^mu kHz each times 2^mu (TS 38.211 7.4.1.7.4)."""
REPETITION_FACTORS = (1, 2, 4, 6, 8, 16, 32)
TIME_GAPS = (1, 2, 4, 8, 16, 32)
MUTING_LENGTHS = (2, 4, 6, 8, 16, 32)
MUTING_REPETITIONS = (1, 2, 4, 8)
BANDWIDTHS = "24 to 272 in steps of 4 (TS 38.214 5.1.6.5), or 12 in studies"
SLOTS = "TS 38.211 7.4.1.7.4"


@dataclass(frozen=True)
class Carrier:
    """One NR carrier."""

    frequency_hz: float
    """f_c, at subcarrier k = 6 n_rb of the grid; 1e6 to 1e12."""
    scs_khz: int
    """Subcarrier spacing 15 * 2^mu kHz (TS 38.211 table 4.2-1); RRC subcarrierSpacing."""
    n_rb: int
    """N_grid^size in resource blocks, 1 to 275 (TS 38.211 4.4.2); RRC carrierBandwidth. With PRS: at least
    its span."""
    cyclic_prefix: str = "normal"
    """"normal", or "extended" with 60 kHz only; RRC cyclicPrefix."""
    phase_compensation: bool = False
    """The transmitter applies the per-symbol term of TS 38.211 5.4 with f_0 = f_c."""

    @property
    def numerology(self) -> int:
        """mu of TS 38.211 table 4.2-1."""
        return SCS_KHZ.index(self.scs_khz)

    @property
    def symbols_per_slot(self) -> int:
        """14, or 12 with extended cyclic prefix."""
        return 12 if self.cyclic_prefix == "extended" else 14

    @property
    def slots_per_subframe(self) -> int:
        """Slots in 1 ms."""
        return 2**self.numerology

    def to_dict(self) -> dict:
        """As in the assistance file."""
        return {"frequency_hz": self.frequency_hz, "scs_khz": self.scs_khz, "n_rb": self.n_rb,
                "cyclic_prefix": self.cyclic_prefix, "phase_compensation": self.phase_compensation}


@dataclass(frozen=True)
class PrsResource:
    """One DL-PRS resource. Periodicity, offset and gap count slots of the carrier's numerology."""

    sequence_id: int
    """n_ID,seq^PRS, 0 to 4095 (TS 38.211 7.4.1.7.2); dl-PRS-SequenceID."""
    comb_size: int
    """K_comb, 2, 4, 6 or 12 (7.4.1.7.3); dl-PRS-CombSizeN."""
    re_offset: int
    """k_offset, 0 to K_comb - 1 (7.4.1.7.3)."""
    start_symbol: int
    """l_start, first symbol in the slot (7.4.1.7.3); dl-PRS-ResourceSymbolOffset."""
    num_symbols: int
    """L_PRS, legal with the comb (table 7.4.1.7.3-1); dl-PRS-NumSymbols."""
    num_rb: int
    """Bandwidth, 24 to 272 in steps of 4, or 12 in studies; dl-PRS-ResourceBandwidth."""
    periodicity_slots: int
    """T_per (7.4.1.7.4); one of `PERIODICITIES` times 2^mu."""
    slot_offset: int
    """Resource set offset + resource offset from SFN 0 slot 0, 0 to T_per - 1."""
    start_prb: int = 0
    """First resource block, from Point A = subcarrier 0 of the grid; dl-PRS-StartPRB."""
    repetition_factor: int = 1
    """T_rep; dl-PRS-ResourceRepetitionFactor."""
    time_gap_slots: int = 1
    """T_gap; dl-PRS-ResourceTimeGap."""
    muting_option1_bits: str | None = None
    """Bits of option 1, first character = bit 0, "1" = sent; one a group of instances. None: no muting."""
    muting_option1_repetition: int = 1
    """T_muting, 1, 2, 4 or 8; dl-prs-MutingBitRepetitionFactor."""
    muting_option2_bits: str | None = None
    """Bits of option 2, one a repetition, taken in turn. None: no muting."""

    def to_dict(self) -> dict:
        """As in the assistance file."""
        names = ("sequence_id", "comb_size", "re_offset", "start_symbol", "num_symbols", "start_prb",
                 "num_rb", "periodicity_slots", "slot_offset", "repetition_factor", "time_gap_slots")
        option1 = None if self.muting_option1_bits is None else {
            "bits": self.muting_option1_bits, "bit_repetition_factor": self.muting_option1_repetition}
        option2 = None if self.muting_option2_bits is None else {"bits": self.muting_option2_bits}
        values = {name: getattr(self, name) for name in names}
        return values | {"muting_option1": option1, "muting_option2": option2}


def read_carrier(fields: Fields) -> Carrier:
    """The carrier; `InputError` names a field that is wrong."""
    carrier = Carrier(
        frequency_hz=fields.number("frequency_hz", 1e6, 1e12),
        scs_khz=fields.integer_in("scs_khz", SCS_KHZ, clause="TS 38.211 table 4.2-1"),
        n_rb=fields.integer("n_rb", 1, 275, clause="TS 38.211 4.4.2"),
        cyclic_prefix=fields.choice("cyclic_prefix", ("normal", "extended")),
        phase_compensation=fields.flag("phase_compensation"))
    if carrier.cyclic_prefix == "extended" and carrier.scs_khz != 60:
        raise fields.error("cyclic_prefix", f"'extended' at {carrier.scs_khz} kHz",
                           '"normal", or "extended" at 60 kHz (TS 38.211 table 4.2-1)')
    return carrier


def read_prs(fields: Fields, carrier: Carrier) -> PrsResource:
    """A DL-PRS resource that fits the carrier's grid and slot; `InputError` names a field that is wrong."""
    comb = fields.integer_in("comb_size", COMB_SIZES, clause="TS 38.211 7.4.1.7.3")
    symbols = fields.integer_in("num_symbols", LEGAL_SYMBOLS[comb],
                                clause=f"with comb_size {comb}, TS 38.211 table 7.4.1.7.3-1")
    num_rb = fields.whole("num_rb", BANDWIDTHS)
    if num_rb != 12 and not (24 <= num_rb <= 272 and num_rb % 4 == 0):
        raise fields.error("num_rb", f"{num_rb} is not allowed", BANDWIDTHS)
    if num_rb > carrier.n_rb:
        raise fields.error("num_rb", f"{num_rb} does not fit the carrier",
                           f"up to carrier.n_rb = {carrier.n_rb} (TS 38.211 4.4.2)")
    periodicity = fields.integer_in("periodicity_slots",
                                    tuple(p * carrier.slots_per_subframe for p in PERIODICITIES),
                                    clause=SLOTS)
    repetition = fields.integer_in("repetition_factor", REPETITION_FACTORS, default=1, clause=SLOTS)
    gap = fields.integer_in("time_gap_slots", TIME_GAPS, default=1, clause=SLOTS)
    if (repetition - 1) * gap >= periodicity:
        raise fields.error("repetition_factor",
                           f"{repetition} repetitions {gap} slots apart exceed the period",
                           f"a span below {periodicity} slots (TS 38.214 5.1.6.5)")
    option1, option1_repetition = _read_muting1(fields)
    return PrsResource(
        sequence_id=fields.integer("sequence_id", 0, 4095, clause="TS 38.211 7.4.1.7.2"),
        comb_size=comb,
        re_offset=fields.integer("re_offset", 0, comb - 1, clause="TS 38.211 7.4.1.7.3"),
        start_symbol=fields.integer("start_symbol", 0, carrier.symbols_per_slot - symbols,
                                    clause="TS 38.211 7.4.1.7.3"),
        num_symbols=symbols,
        num_rb=num_rb,
        periodicity_slots=periodicity,
        slot_offset=fields.integer("slot_offset", 0, periodicity - 1, clause=SLOTS),
        start_prb=fields.integer("start_prb", 0, carrier.n_rb - num_rb, default=0,
                                 clause="TS 38.214 5.1.6.5"),
        repetition_factor=repetition,
        time_gap_slots=gap,
        muting_option1_bits=option1,
        muting_option1_repetition=option1_repetition,
        muting_option2_bits=_read_muting2(fields))


def _read_muting1(fields: Fields) -> tuple[str | None, int]:
    option = fields.object("muting_option1", default=None)
    if option is None:
        return None, 1
    bits = _read_bits(option, MUTING_LENGTHS)
    return bits, option.integer_in("bit_repetition_factor", MUTING_REPETITIONS, clause=SLOTS)


def _read_muting2(fields: Fields) -> str | None:
    option = fields.object("muting_option2", default=None)
    return None if option is None else _read_bits(option, MUTING_LENGTHS)


def _read_bits(option: Fields, lengths: tuple[int, ...]) -> str:
    allowed = f"{' or '.join(map(str, lengths))} characters, each 0 or 1 ({SLOTS})"
    bits = option.text("bits", allowed)
    if len(bits) not in lengths or set(bits) - {"0", "1"}:
        raise option.error("bits", f"{bits!r} is not allowed", allowed)
    return bits
