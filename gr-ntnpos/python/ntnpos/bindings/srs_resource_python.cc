/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/srs_modulator.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

namespace {

using samples = py::array_t<std::complex<float>>;

constexpr std::array<const char*, 3> hopping_names = { "neither", "group", "sequence" };

std::string to_name(srs_hopping hopping)
{
    const auto index = static_cast<size_t>(hopping);
    return index < hopping_names.size() ? hopping_names[index] : std::to_string(index);
}

srs_hopping from_name(const std::string& name)
{
    const auto found = std::find(hopping_names.begin(), hopping_names.end(), name);
    if (found == hopping_names.end())
        throw_if(config_error{ "group_or_sequence_hopping",
                               name,
                               "neither, group or sequence (TS 38.211 6.4.1.4.2)" });
    return static_cast<srs_hopping>(found - hopping_names.begin());
}

// The kernel's functions expect valid configurations; Python gets a ValueError instead of
// a crash.
void check(const srs_resource& r, const carrier& c)
{
    throw_if(validate(c));
    throw_if(validate(r, c));
}

void check_symbol(const srs_resource& r, const carrier& c, int symbol_index)
{
    check(r, c);
    const int last = r.num_symbols - 1;
    if (symbol_index < 0 || symbol_index > last)
        throw_if(config_error{
            "symbol_index", std::to_string(symbol_index), "0.." + std::to_string(last) });
}

std::string repr(const srs_resource& r)
{
    std::ostringstream text;
    text << "srs_resource(sequence_id=" << r.sequence_id << ", comb_size=" << r.comb_size
         << ", comb_offset=" << r.comb_offset << ", cyclic_shift=" << r.cyclic_shift
         << ", num_symbols=" << r.num_symbols << ", start_symbol=" << r.start_symbol
         << ", c_srs=" << r.c_srs << ", b_srs=" << r.b_srs
         << ", freq_position=" << r.freq_position << ", freq_shift=" << r.freq_shift
         << ", group_or_sequence_hopping='" << to_name(r.group_or_sequence_hopping)
         << "', periodicity_slots=" << r.periodicity_slots
         << ", slot_offset=" << r.slot_offset << ", power_offset_db=" << r.power_offset_db
         << ")";
    return text.str();
}

samples low_papr(int length, int group, int number, double shift_cycles)
{
    const low_papr_sequence s{ length, group, number, shift_cycles };
    throw_if(validate(s));
    samples out(length);
    low_papr_values(s, out.mutable_data());
    return out;
}

samples
srs_grid(const carrier& c, const std::vector<srs_resource>& resources, int64_t slot_count)
{
    srs_modulator modulator(c, resources);
    const int symbols = symbols_per_slot(c);
    samples grid({ 12 * c.n_rb, symbols });
    std::vector<std::complex<float>> column(12 * c.n_rb);
    auto elements = grid.mutable_unchecked<2>();
    for (int l = 0; l < symbols; ++l) {
        modulator.symbol_grid(slot_count, l, column.data());
        for (size_t k = 0; k < column.size(); ++k)
            elements(k, l) = column[k];
    }
    return grid;
}

samples srs_slot(const carrier& c,
                 const std::vector<srs_resource>& resources,
                 int64_t slot_count,
                 double delay)
{
    srs_modulator modulator(c, resources);
    if (!(std::abs(delay) <= 0.5))
        throw_if(config_error{ "delay_samples", std::to_string(delay), "-0.5..0.5" });
    samples out(modulator.slot_samples(slot_count));
    modulator.modulate(slot_count, out.mutable_data(), delay);
    return out;
}

void bind_class(py::module& m)
{
    const srs_resource d;
    py::class_<srs_resource>(
        m,
        "srs_resource",
        "One positioning SRS resource (TS 38.211 6.4.1.4, TS 38.331 SRS-PosResource). "
        "start_symbol counts from the\n"
        "slot's first symbol; group_or_sequence_hopping is 'neither', 'group' or "
        "'sequence'.")
        .def(py::init([](int sequence_id,
                         int comb_size,
                         int comb_offset,
                         int cyclic_shift,
                         int num_symbols,
                         int start_symbol,
                         int c_srs,
                         int b_srs,
                         int freq_position,
                         int freq_shift,
                         const std::string& group_or_sequence_hopping,
                         int periodicity_slots,
                         int slot_offset,
                         double power_offset_db) {
                 return srs_resource{ sequence_id,
                                      comb_size,
                                      comb_offset,
                                      cyclic_shift,
                                      num_symbols,
                                      start_symbol,
                                      c_srs,
                                      b_srs,
                                      freq_position,
                                      freq_shift,
                                      from_name(group_or_sequence_hopping),
                                      periodicity_slots,
                                      slot_offset,
                                      power_offset_db };
             }),
             py::arg("sequence_id") = d.sequence_id,
             py::arg("comb_size") = d.comb_size,
             py::arg("comb_offset") = d.comb_offset,
             py::arg("cyclic_shift") = d.cyclic_shift,
             py::arg("num_symbols") = d.num_symbols,
             py::arg("start_symbol") = d.start_symbol,
             py::arg("c_srs") = d.c_srs,
             py::arg("b_srs") = d.b_srs,
             py::arg("freq_position") = d.freq_position,
             py::arg("freq_shift") = d.freq_shift,
             py::arg("group_or_sequence_hopping") = to_name(d.group_or_sequence_hopping),
             py::arg("periodicity_slots") = d.periodicity_slots,
             py::arg("slot_offset") = d.slot_offset,
             py::arg("power_offset_db") = d.power_offset_db)
        .def_readwrite("sequence_id", &srs_resource::sequence_id)
        .def_readwrite("comb_size", &srs_resource::comb_size)
        .def_readwrite("comb_offset", &srs_resource::comb_offset)
        .def_readwrite("cyclic_shift", &srs_resource::cyclic_shift)
        .def_readwrite("num_symbols", &srs_resource::num_symbols)
        .def_readwrite("start_symbol", &srs_resource::start_symbol)
        .def_readwrite("c_srs", &srs_resource::c_srs)
        .def_readwrite("b_srs", &srs_resource::b_srs)
        .def_readwrite("freq_position", &srs_resource::freq_position)
        .def_readwrite("freq_shift", &srs_resource::freq_shift)
        .def_property(
            "group_or_sequence_hopping",
            [](const srs_resource& r) { return to_name(r.group_or_sequence_hopping); },
            [](srs_resource& r, const std::string& name) {
                r.group_or_sequence_hopping = from_name(name);
            })
        .def_readwrite("periodicity_slots", &srs_resource::periodicity_slots)
        .def_readwrite("slot_offset", &srs_resource::slot_offset)
        .def_readwrite("power_offset_db", &srs_resource::power_offset_db)
        .def(
            "validate",
            [](const srs_resource& r, const carrier& c) -> py::object {
                const auto error = validate(r, c);
                return error ? py::object(py::str(error->message())) : py::none();
            },
            py::arg("carrier"),
            "None, or one line about the first field that is wrong on this (valid) "
            "carrier.")
        .def("__repr__", &repr);
}

} // namespace

void bind_srs_resource(py::module& m)
{
    bind_class(m);
    const auto resource_arg = py::arg("resource");
    const auto carrier_arg = py::arg("carrier");
    m.def("low_papr_sequence",
          &low_papr,
          py::arg("length"),
          py::arg("group"),
          py::arg("number") = 0,
          py::arg("shift_cycles") = 0.0,
          "exp(j 2 pi shift_cycles n) r_{u,v}(n) of TS 38.211 5.2.2 with u = group, v = "
          "number: complex64[length],\n"
          "unit amplitude. length: 6, 12, 18, 24, 30 or 36..3300.");
    m.def(
        "transmits_in_slot",
        [](const srs_resource& r, const carrier& c, int64_t slot_count) {
            check(r, c);
            return transmits_in_slot(r, c, slot_count);
        },
        resource_arg,
        carrier_arg,
        py::arg("slot_count"),
        "Slot condition of 6.4.1.4.4; slot_count from SFN 0, any sign.");
    m.def(
        "comb_shift",
        [](const srs_resource& r, const carrier& c, int symbol_index) {
            check_symbol(r, c, symbol_index);
            return comb_shift(r, symbol_index);
        },
        resource_arg,
        carrier_arg,
        py::arg("symbol_index"),
        "k_offset of table 6.4.1.4.3-2 for the resource's symbol with this index, "
        "0..num_symbols-1.");
    m.def(
        "first_subcarrier",
        [](const srs_resource& r, const carrier& c, int symbol_index) {
            check_symbol(r, c, symbol_index);
            return first_subcarrier(r, symbol_index);
        },
        resource_arg,
        carrier_arg,
        py::arg("symbol_index"),
        "Lowest occupied subcarrier of that symbol in the grid; the next are comb_size "
        "apart.");
    m.def(
        "srs_resource_blocks",
        [](const srs_resource& r, const carrier& c) {
            check(r, c);
            return py::make_tuple(srs_start_rb(r), srs_num_rb(r));
        },
        resource_arg,
        carrier_arg,
        "(first resource block from Point A, number of them) that the resource occupies "
        "(6.4.1.4.3).");
    m.def(
        "srs_sequence_numbers",
        [](const srs_resource& r,
           const carrier& c,
           int64_t slot_count,
           int symbol_index) {
            check_symbol(r, c, symbol_index);
            const auto s = srs_sequence(r, c, slot_count, symbol_index);
            return py::make_tuple(s.group, s.number);
        },
        resource_arg,
        carrier_arg,
        py::arg("slot_count"),
        py::arg("symbol_index"),
        "(u, v) of one symbol after group or sequence hopping (6.4.1.4.2).");
    m.def(
        "srs_symbol_values",
        [](const srs_resource& r,
           const carrier& c,
           int64_t slot_count,
           int symbol_index) {
            check_symbol(r, c, symbol_index);
            samples values(elements_per_symbol(r));
            srs_symbol_values(r, c, slot_count, symbol_index, values.mutable_data());
            return values;
        },
        resource_arg,
        carrier_arg,
        py::arg("slot_count"),
        py::arg("symbol_index"),
        "r(n, l') of one symbol (6.4.1.4.2): complex64[12 m_SRS,b / comb_size], "
        "ascending "
        "subcarriers, amplitude\n"
        "10^(power_offset_db / 20), without the phase term of 5.4.");
    m.def("srs_grid",
          &srs_grid,
          carrier_arg,
          py::arg("resources"),
          py::arg("slot_count"),
          "Grid complex64[12 n_rb, symbols per slot] of the positioning SRS resources "
          "sent in a slot, zero elsewhere,\n"
          "without the phase term of 5.4.");
    m.def("srs_slot",
          &srs_slot,
          carrier_arg,
          py::arg("resources"),
          py::arg("slot_count"),
          py::arg("delay_samples") = 0.0,
          "Time samples complex64[slot length] of the positioning SRS resources in a "
          "slot, later by delay_samples\n"
          "(-0.5..0.5): what srs_source sends there.");
}
