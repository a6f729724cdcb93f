/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/prs_modulator.h>
#include <algorithm>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

namespace {

using samples = py::array_t<std::complex<float>>;
using samples_in =
    py::array_t<std::complex<float>, py::array::c_style | py::array::forcecast>;

void check_shape(const samples_in& a,
                 const char* name,
                 std::initializer_list<py::ssize_t> shape)
{
    if (a.ndim() == static_cast<py::ssize_t>(shape.size()) &&
        std::equal(shape.begin(), shape.end(), a.shape()))
        return;
    std::string wanted;
    for (const auto n : shape)
        wanted += std::to_string(n) + ",";
    throw std::invalid_argument(std::string(name) + ": must be complex64 of shape (" +
                                wanted + ")");
}

samples ofdm_modulate(const carrier& c, const samples_in& grid, int64_t slot)
{
    ofdm_modulator modulator(c);
    const int symbols = symbols_per_slot(c);
    check_shape(grid, "grid", { 12 * c.n_rb, symbols });
    samples out(symbol_offset_samples(c, slot, symbols));
    std::vector<std::complex<float>> column(12 * c.n_rb);
    const auto elements = grid.unchecked<2>();
    std::complex<float>* to = out.mutable_data();
    for (int l = 0; l < symbols; ++l) {
        for (size_t k = 0; k < column.size(); ++k)
            column[k] = elements(k, l);
        to += modulator.modulate(column.data(), slot, l, to);
    }
    return out;
}

samples ofdm_demodulate(const carrier& c, const samples_in& iq, int64_t slot)
{
    ofdm_demodulator demodulator(c);
    const int symbols = symbols_per_slot(c);
    check_shape(iq, "samples", { symbol_offset_samples(c, slot, symbols) });
    samples grid({ 12 * c.n_rb, symbols });
    std::vector<std::complex<float>> column(12 * c.n_rb);
    auto elements = grid.mutable_unchecked<2>();
    for (int l = 0; l < symbols; ++l) {
        const int useful = symbol_offset_samples(c, slot, l) + cp_samples(c, slot, l);
        demodulator.demodulate(iq.data() + useful, slot, l, column.data());
        for (size_t k = 0; k < column.size(); ++k)
            elements(k, l) = column[k];
    }
    return grid;
}

samples
prs_grid(const carrier& c, const std::vector<prs_resource>& resources, int64_t slot_count)
{
    prs_modulator modulator(c, resources);
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

samples
prs_slot(const carrier& c, const std::vector<prs_resource>& resources, int64_t slot_count)
{
    prs_modulator modulator(c, resources);
    samples out(modulator.slot_samples(slot_count));
    modulator.modulate(slot_count, out.mutable_data());
    return out;
}

} // namespace

void bind_ofdm(py::module& m)
{
    m.def("ofdm_modulate",
          &ofdm_modulate,
          py::arg("carrier"),
          py::arg("grid"),
          py::arg("slot"),
          "Time samples complex64[slot length] of one slot from its grid complex64[12 "
          "n_rb, symbols per slot]\n"
          "(TS 38.211 5.3.1; 5.4 where the carrier has phase_compensation). A grid of "
          "unit-power elements gives\n"
          "unit mean power. ValueError if the carrier or the shape is wrong.");
    m.def("ofdm_demodulate",
          &ofdm_demodulate,
          py::arg("carrier"),
          py::arg("samples"),
          py::arg("slot"),
          "Grid complex64[12 n_rb, symbols per slot] of one slot from its samples "
          "complex64[slot length]: the\n"
          "inverse of ofdm_modulate.");
    m.def("prs_grid",
          &prs_grid,
          py::arg("carrier"),
          py::arg("resources"),
          py::arg("slot_count"),
          "Grid complex64[12 n_rb, symbols per slot] of the DL-PRS resources sent in a "
          "slot, zero elsewhere,\n"
          "without the phase term of 5.4.");
    m.def("prs_slot",
          &prs_slot,
          py::arg("carrier"),
          py::arg("resources"),
          py::arg("slot_count"),
          "Time samples complex64[slot length] of the DL-PRS resources in a slot: what "
          "prs_source sends there.");
}
