/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <gnuradio/ntnpos/kernel/rx_tx.h>
#include <gnuradio/ntnpos/rx_tx_difference.h>

namespace py = pybind11;
using namespace gr::ntnpos::kernel;

namespace {

// (rx_tx_s, subframe_offset).
std::pair<double, int64_t> ue_rx_tx_difference(const carrier& c,
                                               int64_t slot_count,
                                               const instant& sent,
                                               const instant& arrival,
                                               double toa_rate,
                                               int64_t start_slot,
                                               const instant& start_time,
                                               const std::map<int64_t, double>& advances)
{
    throw_if(validate(c));
    uplink_timing timing(c, start_slot);
    for (const auto& [slot, advance_s] : advances)
        throw_if(timing.add({ slot, advance_s }));
    const auto found = compare(
        c, timing, start_time, subframe_of(c, slot_count, sent, arrival, toa_rate));
    return { found.rx_tx_s, found.subframe_offset };
}

} // namespace

void bind_rx_tx_difference(py::module& m)
{
    using gr::ntnpos::rx_tx_difference;
    py::class_<rx_tx_difference,
               gr::block,
               gr::basic_block,
               std::shared_ptr<rx_tx_difference>>(
        m,
        "rx_tx_difference",
        "From times of arrival to UE Rx-Tx or gNB Rx-Tx time differences, or UL-RTOA.\n\n"
        "source: name in the messages. carrier: of the measured signal. role: 'ue', "
        "'gnb' "
        "or\n'ul_rtoa'. satellite: its name, for the latter two. start_slot, "
        "start_time,\n"
        "timing_advance_s, timing_advances: as srs_source has them. Message ports `meas` "
        "in and out, "
        "`timing` in.")
        .def(py::init(&rx_tx_difference::make),
             py::arg("source"),
             py::arg("carrier"),
             py::arg("role") = "ue",
             py::arg("satellite") = "",
             py::arg("start_slot") = 0,
             py::arg("start_time") = instant{},
             py::arg("timing_advance_s") = 0.0,
             py::arg("timing_advances") = std::map<int64_t, double>())
        .def("bad_messages",
             &rx_tx_difference::bad_messages,
             "Messages that were malformed or not for this block.");

    m.attr("MAX_RX_TX_S") = MAX_RX_TX_S;
    m.def(
        "ue_rx_tx_difference",
        &ue_rx_tx_difference,
        py::arg("carrier"),
        py::arg("slot_count"),
        py::arg("sent"),
        py::arg("arrival"),
        py::arg("toa_rate"),
        py::arg("start_slot"),
        py::arg("start_time"),
        py::arg("advances"),
        "UE Rx-Tx time difference (TS 38.215 5.1.30) of a measured DL slot in s, and the "
        "number of the UL subframe it is compared with less that of the DL subframe.\n\n"
        "slot_count, sent, arrival, toa_rate: the slot, the sender's and receiver's "
        "clocks at its start, d(toa)/dt. start_slot is nominally sent at start_time; "
        "advances: {from slot: timing advance in s}.");
}
