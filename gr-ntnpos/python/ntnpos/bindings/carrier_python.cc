/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>

#include <gnuradio/ntnpos/kernel/carrier.h>
#include <sstream>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

namespace {

// The kernel's functions expect a valid carrier; Python gets a ValueError instead of a
// crash.
const carrier& checked(const carrier& c)
{
    throw_if(validate(c));
    return c;
}

const carrier& checked_symbol(const carrier& c, int symbol, int last)
{
    checked(c);
    if (symbol < 0 || symbol > last)
        throw_if(config_error{
            "symbol", std::to_string(symbol), "0.." + std::to_string(last) });
    return c;
}

} // namespace

void bind_carrier(py::module& m)
{
    const carrier d;
    py::class_<carrier>(
        m,
        "carrier",
        "One NR carrier: numerology, grid and sampling (TS 38.211 4.2 to 4.4, 5.3.1, "
        "5.4).\n\n"
        "frequency_hz: f_c, at subcarrier 6 n_rb. scs_khz: 15, 30, 60 or 120. n_rb: "
        "resource\n"
        "blocks, 1..275. extended_cp: only with 60 kHz. phase_compensation: per-symbol "
        "term of\n"
        "5.4. sample_rate_hz: a multiple of 128 subcarrier spacings that holds the grid.")
        .def(py::init([](double frequency_hz,
                         int scs_khz,
                         int n_rb,
                         bool extended_cp,
                         bool phase_compensation,
                         double sample_rate_hz) {
                 return carrier{ frequency_hz,       scs_khz,       n_rb, extended_cp,
                                 phase_compensation, sample_rate_hz };
             }),
             py::arg("frequency_hz") = d.frequency_hz,
             py::arg("scs_khz") = d.scs_khz,
             py::arg("n_rb") = d.n_rb,
             py::arg("extended_cp") = d.extended_cp,
             py::arg("phase_compensation") = d.phase_compensation,
             py::arg("sample_rate_hz") = d.sample_rate_hz)
        .def_readwrite("frequency_hz", &carrier::frequency_hz)
        .def_readwrite("scs_khz", &carrier::scs_khz)
        .def_readwrite("n_rb", &carrier::n_rb)
        .def_readwrite("extended_cp", &carrier::extended_cp)
        .def_readwrite("phase_compensation", &carrier::phase_compensation)
        .def_readwrite("sample_rate_hz", &carrier::sample_rate_hz)
        .def(
            "validate",
            [](const carrier& c) -> py::object {
                const auto error = validate(c);
                return error ? py::object(py::str(error->message())) : py::none();
            },
            "None, or one line about the first wrong field.")
        .def("__repr__", [](const carrier& c) {
            std::ostringstream text;
            text.precision(12);
            text << "carrier(frequency_hz=" << c.frequency_hz << ", scs_khz=" << c.scs_khz
                 << ", n_rb=" << c.n_rb
                 << ", extended_cp=" << (c.extended_cp ? "True" : "False")
                 << ", phase_compensation=" << (c.phase_compensation ? "True" : "False")
                 << ", sample_rate_hz=" << c.sample_rate_hz << ")";
            return text.str();
        });

    const auto carrier_arg = py::arg("carrier");
    m.def(
        "numerology",
        [](const carrier& c) { return numerology(checked(c)); },
        carrier_arg,
        "Numerology mu, scs = 15 * 2^mu kHz. ValueError if the carrier is not valid.");
    m.def(
        "fft_size",
        [](const carrier& c) { return fft_size(checked(c)); },
        carrier_arg,
        "Samples in the useful part of a symbol.");
    m.def(
        "symbols_per_slot",
        [](const carrier& c) { return symbols_per_slot(checked(c)); },
        carrier_arg,
        "14, or 12 with extended cyclic prefix.");
    m.def(
        "slots_per_subframe",
        [](const carrier& c) { return slots_per_subframe(checked(c)); },
        carrier_arg,
        "Slots in 1 ms.");
    m.def(
        "slots_per_frame",
        [](const carrier& c) { return slots_per_frame(checked(c)); },
        carrier_arg,
        "Slots in 10 ms.");
    m.def(
        "cp_samples",
        [](const carrier& c, int64_t slot, int symbol) {
            return cp_samples(
                checked_symbol(c, symbol, symbols_per_slot(c) - 1), slot, symbol);
        },
        carrier_arg,
        py::arg("slot"),
        py::arg("symbol"),
        "Cyclic prefix of a symbol in samples (5.3.1); slot of any sign.");
    m.def(
        "symbol_offset_samples",
        [](const carrier& c, int64_t slot, int symbol) {
            return symbol_offset_samples(
                checked_symbol(c, symbol, symbols_per_slot(c)), slot, symbol);
        },
        carrier_arg,
        py::arg("slot"),
        py::arg("symbol"),
        "Samples from the start of a slot to the cyclic prefix of a symbol; symbol = "
        "symbols_per_slot gives\n"
        "the slot's length.");
    m.def(
        "slot_start_samples",
        [](const carrier& c, int64_t slot) {
            return slot_start_samples(checked(c), slot);
        },
        carrier_arg,
        py::arg("slot"),
        "Samples from the start of slot 0 to the start of a slot of any sign.");
    m.def(
        "phase_compensation_cycles",
        [](const carrier& c, int64_t slot, int symbol) {
            return phase_compensation_cycles(
                checked_symbol(c, symbol, symbols_per_slot(c) - 1), slot, symbol);
        },
        carrier_arg,
        py::arg("slot"),
        py::arg("symbol"),
        "Phase term of 5.4 in cycles in [0, 1): the symbol is multiplied by exp(-j 2 pi "
        "value).");
}
