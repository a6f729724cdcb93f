/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/correlator_bank.h>
#include <gnuradio/ntnpos/kernel/noise_peaks.h>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

using complex_array =
    py::array_t<std::complex<float>, py::array::c_style | py::array::forcecast>;

void bind_correlator_bank(py::module& m)
{
    py::class_<satellite_signal>(m,
                                 "satellite_signal",
                                 "A transmitter as a receiver is told of it: a satellite "
                                 "and its DL-PRS, or a UE and\n"
                                 "its positioning SRS.")
        .def(py::init([](const std::string& id,
                         const sounding_resource& resource,
                         const instant& sfn0) {
                 return satellite_signal{ id, resource, sfn0 };
             }),
             py::arg("id"),
             py::arg("resource"),
             py::arg("sfn0"))
        .def(
            "validate",
            [](const satellite_signal& s,
               const carrier& c) -> std::optional<std::string> {
                const auto error = validate(s.resource, c);
                return error ? std::optional(error->message()) : std::nullopt;
            },
            py::arg("carrier"),
            "One line that says why a receiver of this carrier cannot measure it, or "
            "None.")
        .def_readwrite("id", &satellite_signal::id, "name in the assistance data")
        .def_readwrite("resource",
                       &satellite_signal::resource,
                       "its one prs_resource or srs_resource")
        .def_readwrite("sfn0",
                       &satellite_signal::sfn0,
                       "the transmitter's clock when SFN 0 slot 0 leaves its antenna");

    py::class_<search_window>(
        m, "search_window", "Where to look for one satellite, in delay and in Doppler.")
        .def(py::init([](const trajectory& toa,
                         double half_width_s,
                         double doppler_half_width_hz) {
                 return search_window{ toa, half_width_s, doppler_half_width_hz };
             }),
             py::arg("toa"),
             py::arg("half_width_s"),
             py::arg("doppler_half_width_hz"))
        .def_readwrite("toa", &search_window::toa)
        .def_readwrite("half_width_s", &search_window::half_width_s)
        .def_readwrite("doppler_half_width_hz", &search_window::doppler_half_width_hz)
        .def(
            "validate",
            [](const search_window& w,
               const carrier& c,
               const sounding_resource& r) -> std::optional<std::string> {
                const auto error = validate(w, c, r);
                return error ? std::optional(error->message()) : std::nullopt;
            },
            py::arg("carrier"),
            py::arg("resource"),
            "One line that says what is wrong for this carrier and resource, or None.");

    py::class_<correlator_bank_config>(
        m, "correlator_bank_config", "Settings of a correlator bank.")
        .def(py::init([](double false_alarm_probability,
                         int interference_passes,
                         double max_coherent_s,
                         double batch_s,
                         double max_combined_s) {
                 correlator_bank_config c;
                 c.false_alarm_probability = false_alarm_probability;
                 c.interference_passes = interference_passes;
                 c.max_coherent_s = max_coherent_s;
                 c.batch_s = batch_s;
                 c.max_combined_s = max_combined_s;
                 return c;
             }),
             py::arg("false_alarm_probability") =
                 correlator_bank_config{}.false_alarm_probability,
             py::arg("interference_passes") =
                 correlator_bank_config{}.interference_passes,
             py::arg("max_coherent_s") = correlator_bank_config{}.max_coherent_s,
             py::arg("batch_s") = correlator_bank_config{}.batch_s,
             py::arg("max_combined_s") = correlator_bank_config{}.max_combined_s)
        .def_readwrite(
            "false_alarm_probability",
            &correlator_bank_config::false_alarm_probability,
            "That an occasion of which nothing is received is found, 1e-12..0.5.")
        .def_readwrite(
            "interference_passes",
            &correlator_bank_config::interference_passes,
            "Rounds of estimation with the other satellites taken out, 0 (off)..10.")
        .def_readwrite("max_coherent_s",
                       &correlator_bank_config::max_coherent_s,
                       "Slots of one occasion further apart than this are not joined in "
                       "phase, 0..1.")
        .def_readwrite("batch_s",
                       &correlator_bank_config::batch_s,
                       "Occasions that end within so long a stretch are estimated "
                       "together, 1e-3..1.")
        .def_readwrite("max_combined_s",
                       &correlator_bank_config::max_combined_s,
                       "Occasions within so long a span are one, added by power, 0..0.5; "
                       "0: each by itself.");

    py::enum_<occasion_status>(
        m, "occasion_status", "What became of one occasion of one satellite.")
        .value("found", occasion_status::found)
        .value("no_signal", occasion_status::no_signal)
        .value("incomplete", occasion_status::incomplete);

    py::class_<delay_profile>(
        m, "delay_profile", "A delay profile with what turns it into a measurement.")
        .def_readonly(
            "satellite", &delay_profile::satellite, "Id in the assistance data.")
        .def_readonly("slot_count",
                      &delay_profile::slot_count,
                      "First slot of the occasion, from SFN 0 slot 0.")
        .def_readonly("status",
                      &delay_profile::status,
                      "An occasion_status; values mean something where it is found.")
        .def_readonly("sent",
                      &delay_profile::sent,
                      "Satellite-clock reading at the start of that slot.")
        .def_readonly("arrival",
                      &delay_profile::arrival,
                      "Receiver clock when its start arrives by the delay model.")
        .def_readonly("toa_s",
                      &delay_profile::toa_s,
                      "The delay model then: the profile's middle point.")
        .def_readonly(
            "doppler_hz", &delay_profile::doppler_hz, "-f_c times the model's rate then.")
        .def_readonly(
            "doppler_std_hz", &delay_profile::doppler_std_hz, "Standard deviation.")
        .def_readonly(
            "toa_rate", &delay_profile::toa_rate, "d(toa)/dt, s/s: -doppler_hz / f_c.")
        .def_readonly(
            "toa_rate_std", &delay_profile::toa_rate_std, "Standard deviation, s/s.")
        .def_readonly("predicted_rate",
                      &delay_profile::predicted_rate,
                      "d(toa)/dt by the search window's prediction, s/s.")
        .def_readonly("model_std_s",
                      &delay_profile::model_std_s,
                      "Of the delay model at `arrival`, from the Doppler's deviation.")
        .def_readonly("std_factor",
                      &delay_profile::std_factor,
                      "True standard deviation of a fitted delay over the fit's own.")
        .def_readonly("carrier_phase_cycles",
                      &delay_profile::carrier_phase_cycles,
                      "Phase of the first path's carrier at `arrival`, counted on from "
                      "occasion to occasion.")
        .def_readonly("carrier_phase_std_cycles",
                      &delay_profile::carrier_phase_std_cycles,
                      "Standard deviation; 0: not measured.")
        .def_readonly("carrier_phase_continuous",
                      &delay_profile::carrier_phase_continuous,
                      "Counted on from the occasion before.")
        .def_readonly("window_min_s",
                      &delay_profile::window_min_s,
                      "Least pseudo-delay that was searched.")
        .def_readonly("window_max_s",
                      &delay_profile::window_max_s,
                      "Largest pseudo-delay that was searched.")
        .def_readonly(
            "subcarriers", &delay_profile::subcarriers, "12 num_rb of the resource.")
        .def_readonly("observations",
                      &delay_profile::observations,
                      "Symbols that each subcarrier was averaged over.")
        .def_property_readonly("values", [](const delay_profile& p) {
            return complex_array(p.values.size(), p.values.data());
        });

    py::class_<additional_path>(m, "additional_path", "A path after the first.")
        .def_readonly("delay_s", &additional_path::delay_s, "After the first path.")
        .def_readonly("delay_std_s",
                      &additional_path::delay_std_s,
                      "Standard deviation of the path's own arrival.")
        .def_readonly("rsrpp_db",
                      &additional_path::rsrpp_db,
                      "Its power as first_path_rsrpp_db is the first's.");

    py::class_<toa_measurement>(m, "toa_measurement", "One time of arrival.")
        .def_readonly(
            "arrival",
            &toa_measurement::arrival,
            "Receiver clock when the start of the slot arrives on the first path.")
        .def_readonly(
            "toa_s",
            &toa_measurement::toa_s,
            "Pseudo-delay: arrival minus the satellite clock's reading when it was sent.")
        .def_readonly("toa_std_s", &toa_measurement::toa_std_s, "Standard deviation.")
        .def_readonly(
            "snr_db",
            &toa_measurement::snr_db,
            "Power of all paths while the PRS is sent over the noise in its bandwidth.")
        .def_readonly("rsrp_db",
                      &toa_measurement::rsrp_db,
                      "Power of all paths in one occupied element over full scale (TS "
                      "38.215 5.1.28).")
        .def_readonly("first_path_rsrpp_db",
                      &toa_measurement::first_path_rsrpp_db,
                      "The same of the first path alone (DL PRS-RSRPP of TS 38.215).")
        .def_readonly("additional_paths",
                      &toa_measurement::additional_paths,
                      "Paths after the first, by delay.");
    m.def(
        "noise_peak_level",
        &noise_peak_level,
        py::arg("probability"),
        py::arg("parts"),
        py::arg("delays"),
        py::arg("dopplers"),
        "What the statistic of noise in so many parts exceeds with that probability "
        "somewhere in an area of\ndelays (of 1/bandwidth) and Doppler (of 1/duration).");
    m.def(
        "measure_toa",
        [](const delay_profile& profile, const first_path_estimate& estimate) {
            if (!estimate.detected)
                throw std::invalid_argument("estimate: nothing is detected in it");
            return measure_toa(profile, estimate);
        },
        py::arg("profile"),
        py::arg("estimate"),
        "Time of arrival of the first path of a profile in which something was "
        "detected.");

    py::class_<correlator_bank>(
        m,
        "correlator_bank",
        "All satellites of a receiver: samples in, one delay profile per occasion out.")
        .def(py::init<const carrier&,
                      const std::vector<satellite_signal>&,
                      const correlator_bank_config&>(),
             py::arg("carrier"),
             py::arg("signals"),
             py::arg("config") = correlator_bank_config{})
        .def("index_of", &correlator_bank::index_of, py::arg("id"))
        .def("set_window",
             &correlator_bank::set_window,
             py::arg("satellite"),
             py::arg("window"))
        .def("has_all_windows", &correlator_bank::has_all_windows)
        .def("begin_segment", &correlator_bank::begin_segment, py::arg("anchor"))
        .def(
            "push",
            [](correlator_bank& bank, const complex_array& samples) {
                py::gil_scoped_release release;
                bank.push(samples.data(), samples.size());
            },
            py::arg("samples"))
        .def("end_segment",
             &correlator_bank::end_segment,
             py::call_guard<py::gil_scoped_release>())
        .def("take", &correlator_bank::take)
        .def("held_samples", &correlator_bank::held_samples)
        .def("profile_config", &correlator_bank::profile_config, py::arg("satellite"));
}
