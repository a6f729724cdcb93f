/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/prs_search.h>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

using complex_array =
    py::array_t<std::complex<float>, py::array::c_style | py::array::forcecast>;

namespace {

// The kernel takes its parts from a correlator_bank; Python has them in one.
class satellite_search
{
public:
    satellite_search(const carrier& c,
                     const satellite_signal& signal,
                     double false_alarm_probability)
        : d_carrier((throw_if(validate(c)), c)),
          d_signal((throw_if(validate(signal.resource, c)), signal)),
          d_replica(c, signal.resource),
          d_search(c, false_alarm_probability)
    {
    }

    search_result search(complex_array samples,
                         const instant& anchor,
                         const std::vector<int64_t>& slots,
                         const search_window& window)
    {
        throw_if(validate(window, d_carrier, d_signal.resource));
        throw_if(validate(anchor, "anchor"));
        if (slots.empty())
            throw py::value_error("slots: must be one slot at least");
        for (const auto slot : slots)
            if (!transmits_in_slot(d_signal.resource, d_carrier, slot))
                throw py::value_error("slots: nothing is sent in slot " +
                                      std::to_string(slot));
        std::vector<instant> sent;
        for (const auto slot : slots)
            sent.push_back(slot_sent(d_carrier, d_signal, slot));
        const delay_model model{ std::make_shared<const trajectory>(window.toa), anchor };
        // The search only reads, though a view can be written to.
        auto* data = const_cast<std::complex<float>*>(samples.data());
        const sample_view view{
            data, 0, samples.size(), anchor, d_carrier.sample_rate_hz
        };
        py::gil_scoped_release release;
        return d_search.search(view,
                               d_replica,
                               slots,
                               sent,
                               model,
                               window.half_width_s,
                               window.doppler_half_width_hz);
    }

private:
    carrier d_carrier;
    satellite_signal d_signal;
    prs_replica d_replica;
    prs_search d_search;
};

} // namespace

void bind_prs_search(py::module& m)
{
    py::class_<search_result>(
        m,
        "search_result",
        "Where a search found its satellite, from its window's middle.")
        .def_readonly("found", &search_result::found)
        .def_readonly("delay_s", &search_result::delay_s)
        .def_readonly("doppler_hz", &search_result::doppler_hz)
        .def_readonly("statistic", &search_result::statistic)
        .def_readonly("threshold", &search_result::threshold)
        .def_readonly("cells", &search_result::cells);

    py::class_<satellite_search>(
        m,
        "prs_search",
        "Acquisition alone: finds one occasion of a satellite's PRS in delay and Doppler "
        "within its window. ValueError names the field that is wrong.")
        .def(py::init<const carrier&, const satellite_signal&, double>(),
             py::arg("carrier"),
             py::arg("signal"),
             py::arg("false_alarm_probability"))
        .def("search",
             &satellite_search::search,
             py::arg("samples"),
             py::arg("anchor"),
             py::arg("slots"),
             py::arg("window"),
             "samples: complex64, the first at receiver-clock instant `anchor`. slots: "
             "the occasion's, from SFN 0 slot 0.");
}
