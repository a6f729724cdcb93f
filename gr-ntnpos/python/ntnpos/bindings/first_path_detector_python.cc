/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/first_path_detector.h>

namespace py = pybind11;

void bind_first_path_detector(py::module& m)
{
    using gr::ntnpos::first_path_detector;
    py::class_<first_path_detector,
               gr::sync_block,
               gr::block,
               gr::basic_block,
               std::shared_ptr<first_path_detector>>(
        m,
        "first_path_detector",
        "Time of arrival of the first path in the profiles of a comb_correlator, as "
        "messages.\n\n"
        "source: name in the messages. profile_points: FFT size of the carrier. config:\n"
        "first_path_config (its subcarriers, scs_hz and profile_points come from the "
        "profiles).\n"
        "with_profiles: add the profile to the messages. los: los_config. Message port "
        "`meas` out, `config` in.")
        .def(py::init(&first_path_detector::make),
             py::arg("source"),
             py::arg("profile_points"),
             py::arg("config") = gr::ntnpos::kernel::first_path_config(),
             py::arg("with_profiles") = false,
             py::arg("los") = gr::ntnpos::kernel::los_config())
        .def("bad_profiles",
             &first_path_detector::bad_profiles,
             "Vectors without a valid tag, and dropped.");
}
