/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/gold_sequence.h>
#include <gnuradio/ntnpos/kernel/prs_resource.h>
#include <algorithm>
#include <sstream>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

namespace {

// The kernel's functions expect valid configurations; Python gets a ValueError instead of
// a crash.
void check(const prs_resource& r, const carrier& c)
{
    throw_if(validate(c));
    throw_if(validate(r, c));
}

void check_symbol(const prs_resource& r, const carrier& c, int symbol_index)
{
    check(r, c);
    const int last = r.num_symbols - 1;
    if (symbol_index < 0 || symbol_index > last)
        throw_if(config_error{
            "symbol_index", std::to_string(symbol_index), "0.." + std::to_string(last) });
}

py::array_t<uint8_t> gold_bits(uint32_t c_init, size_t count)
{
    py::array_t<uint8_t> bits(count);
    uint8_t* out = bits.mutable_data();
    gold_sequence sequence(c_init);
    for (size_t n = 0; n < count;) {
        uint64_t word = sequence.take(gold_sequence::MAX_TAKE);
        const size_t end = std::min(count, n + gold_sequence::MAX_TAKE);
        for (; n < end; ++n, word >>= 1)
            out[n] = word & 1;
    }
    return bits;
}

void write_bits(std::ostream& text, const std::vector<int>& bits)
{
    text << "[";
    for (size_t i = 0; i < bits.size(); ++i)
        text << (i ? ", " : "") << bits[i];
    text << "]";
}

std::string repr(const prs_resource& r)
{
    std::ostringstream text;
    text << "prs_resource(sequence_id=" << r.sequence_id << ", comb_size=" << r.comb_size
         << ", re_offset=" << r.re_offset << ", start_symbol=" << r.start_symbol
         << ", num_symbols=" << r.num_symbols << ", start_prb=" << r.start_prb
         << ", num_rb=" << r.num_rb << ", periodicity_slots=" << r.periodicity_slots
         << ", slot_offset=" << r.slot_offset
         << ", repetition_factor=" << r.repetition_factor
         << ", time_gap_slots=" << r.time_gap_slots << ", muting_option1_bits=";
    write_bits(text, r.muting_option1_bits);
    text << ", muting_option1_repetition=" << r.muting_option1_repetition
         << ", muting_option2_bits=";
    write_bits(text, r.muting_option2_bits);
    text << ", power_offset_db=" << r.power_offset_db
         << ", resource_slot_offset=" << r.resource_slot_offset << ")";
    return text.str();
}

void bind_class(py::module& m)
{
    const prs_resource d;
    py::class_<prs_resource>(m,
                             "prs_resource",
                             "One DL-PRS resource (TS 38.211 7.4.1.7, TS 37.355 "
                             "NR-DL-PRS-Info). Offsets, periods and gaps in\n"
                             "slots; muting bits are lists of 0 and 1 (1 = sent), empty "
                             "where the option is not used.")
        .def(py::init([](int sequence_id,
                         int comb_size,
                         int re_offset,
                         int start_symbol,
                         int num_symbols,
                         int start_prb,
                         int num_rb,
                         int periodicity_slots,
                         int slot_offset,
                         int repetition_factor,
                         int time_gap_slots,
                         std::vector<int> muting_option1_bits,
                         int muting_option1_repetition,
                         std::vector<int> muting_option2_bits,
                         double power_offset_db,
                         int resource_slot_offset) {
                 return prs_resource{ sequence_id,
                                      comb_size,
                                      re_offset,
                                      start_symbol,
                                      num_symbols,
                                      start_prb,
                                      num_rb,
                                      periodicity_slots,
                                      slot_offset,
                                      repetition_factor,
                                      time_gap_slots,
                                      std::move(muting_option1_bits),
                                      muting_option1_repetition,
                                      std::move(muting_option2_bits),
                                      power_offset_db,
                                      resource_slot_offset };
             }),
             py::arg("sequence_id") = d.sequence_id,
             py::arg("comb_size") = d.comb_size,
             py::arg("re_offset") = d.re_offset,
             py::arg("start_symbol") = d.start_symbol,
             py::arg("num_symbols") = d.num_symbols,
             py::arg("start_prb") = d.start_prb,
             py::arg("num_rb") = d.num_rb,
             py::arg("periodicity_slots") = d.periodicity_slots,
             py::arg("slot_offset") = d.slot_offset,
             py::arg("repetition_factor") = d.repetition_factor,
             py::arg("time_gap_slots") = d.time_gap_slots,
             py::arg("muting_option1_bits") = d.muting_option1_bits,
             py::arg("muting_option1_repetition") = d.muting_option1_repetition,
             py::arg("muting_option2_bits") = d.muting_option2_bits,
             py::arg("power_offset_db") = d.power_offset_db,
             py::arg("resource_slot_offset") = d.resource_slot_offset)
        .def_readwrite("sequence_id", &prs_resource::sequence_id)
        .def_readwrite("comb_size", &prs_resource::comb_size)
        .def_readwrite("re_offset", &prs_resource::re_offset)
        .def_readwrite("start_symbol", &prs_resource::start_symbol)
        .def_readwrite("num_symbols", &prs_resource::num_symbols)
        .def_readwrite("start_prb", &prs_resource::start_prb)
        .def_readwrite("num_rb", &prs_resource::num_rb)
        .def_readwrite("periodicity_slots", &prs_resource::periodicity_slots)
        .def_readwrite("slot_offset", &prs_resource::slot_offset)
        .def_readwrite("resource_slot_offset", &prs_resource::resource_slot_offset)
        .def_readwrite("repetition_factor", &prs_resource::repetition_factor)
        .def_readwrite("time_gap_slots", &prs_resource::time_gap_slots)
        .def_readwrite("muting_option1_bits", &prs_resource::muting_option1_bits)
        .def_readwrite("muting_option1_repetition",
                       &prs_resource::muting_option1_repetition)
        .def_readwrite("muting_option2_bits", &prs_resource::muting_option2_bits)
        .def_readwrite("power_offset_db", &prs_resource::power_offset_db)
        .def(
            "validate",
            [](const prs_resource& r, const carrier& c) -> py::object {
                const auto error = validate(r, c);
                return error ? py::object(py::str(error->message())) : py::none();
            },
            py::arg("carrier"),
            "None, or one line about the first field that is wrong on this (valid) "
            "carrier.")
        .def("__repr__", &repr);
}

} // namespace

void bind_prs_resource(py::module& m)
{
    bind_class(m);
    const auto resource_arg = py::arg("resource");
    const auto carrier_arg = py::arg("carrier");
    m.def(
        "is_prs_slot",
        [](const prs_resource& r, const carrier& c, int64_t slot_count) {
            check(r, c);
            return is_prs_slot(r, c, slot_count);
        },
        resource_arg,
        carrier_arg,
        py::arg("slot_count"),
        "Slot condition of 7.4.1.7.4 without muting; slot_count from SFN 0, any sign, "
        "modulo 1024 frames.");
    m.def(
        "transmits_in_slot",
        [](const prs_resource& r, const carrier& c, int64_t slot_count) {
            check(r, c);
            return transmits_in_slot(r, c, slot_count);
        },
        resource_arg,
        carrier_arg,
        py::arg("slot_count"),
        "Slot condition of 7.4.1.7.4 with muting options 1 and 2.");
    m.def(
        "comb_shift",
        [](const prs_resource& r, const carrier& c, int symbol_index) {
            check_symbol(r, c, symbol_index);
            return comb_shift(r, symbol_index);
        },
        resource_arg,
        carrier_arg,
        py::arg("symbol_index"),
        "k' of table 7.4.1.7.3-2 for the resource's symbol with this index, "
        "0..num_symbols-1.");
    m.def(
        "first_subcarrier",
        [](const prs_resource& r, const carrier& c, int symbol_index) {
            check_symbol(r, c, symbol_index);
            return first_subcarrier(r, symbol_index);
        },
        resource_arg,
        carrier_arg,
        py::arg("symbol_index"),
        "Lowest occupied subcarrier of that symbol in the grid; the next are comb_size "
        "apart.");
    m.def(
        "prs_symbol_values",
        [](const prs_resource& r,
           const carrier& c,
           int64_t slot_count,
           int symbol_index) {
            check_symbol(r, c, symbol_index);
            py::array_t<std::complex<float>> values(elements_per_symbol(r));
            prs_symbol_values(r, c, slot_count, symbol_index, values.mutable_data());
            return values;
        },
        resource_arg,
        carrier_arg,
        py::arg("slot_count"),
        py::arg("symbol_index"),
        "r(m) of one symbol (7.4.1.7.2): complex64[12 num_rb / comb_size], ascending "
        "subcarriers, amplitude\n"
        "10^(power_offset_db / 20), without the phase term of 5.4.");
    m.def("gold_bits",
          &gold_bits,
          py::arg("c_init"),
          py::arg("count"),
          "c(0) .. c(count - 1) of TS 38.211 5.2.1 as uint8[count].");
}
