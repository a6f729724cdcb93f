/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <numpy/arrayobject.h>

namespace py = pybind11;

// Each bind_* function stands in the *_python.cc file of its name.
void bind_carrier(py::module& m);
void bind_ntn_channel(py::module& m);
void bind_ofdm(py::module& m);
void bind_prs_resource(py::module& m);
void bind_prs_search(py::module& m);
void bind_prs_source(py::module& m);
void bind_fading(py::module& m);
void bind_satellite_channel(py::module& m);
void bind_srs_resource(py::module& m);
void bind_srs_source(py::module& m);
void bind_trajectory(py::module& m);
void bind_iq_file(py::module& m);
void bind_sigmf_source(py::module& m);
void bind_correlator_bank(py::module& m);
void bind_first_path(py::module& m);
void bind_comb_correlator(py::module& m);
void bind_first_path_detector(py::module& m);
void bind_rx_tx_difference(py::module& m);
void bind_array_direction(py::module& m);

// import_array() is a macro with a return statement of its own.
void* init_numpy()
{
    import_array();
    return nullptr;
}

PYBIND11_MODULE(ntnpos_python, m)
{
    init_numpy();
    py::module::import("gnuradio.gr"); // base classes of the blocks

    bind_carrier(m);
    bind_prs_resource(m);
    bind_srs_resource(m);
    bind_trajectory(m);
    bind_fading(m);
    bind_satellite_channel(m);
    bind_ntn_channel(m);
    bind_iq_file(m);
    bind_sigmf_source(m);
    bind_ofdm(m);
    bind_prs_source(m);
    bind_srs_source(m);
    bind_first_path(m);
    bind_correlator_bank(m);
    bind_prs_search(m);
    bind_comb_correlator(m);
    bind_first_path_detector(m);
    bind_rx_tx_difference(m);
    bind_array_direction(m);
}
