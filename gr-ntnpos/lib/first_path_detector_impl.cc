/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "first_path_detector_impl.h"
#include "pmt_fields.h"
#include <gnuradio/io_signature.h>

#include <algorithm>

namespace gr::ntnpos {

namespace {

// of the profile's middle, in resolutions
constexpr double strongest_within = 1.5;

const pmt::pmt_t& meas_port()
{
    static const pmt::pmt_t port = pmt::intern("meas");
    return port;
}

size_t item_size(int profile_points)
{
    kernel::first_path_config bounds;
    bounds.profile_points = profile_points;
    bounds.subcarriers = 12;
    kernel::throw_if(kernel::validate(bounds));
    return profile_points * sizeof(gr_complex);
}

// A vector of dictionaries.
pmt::pmt_t to_pmt(const std::vector<kernel::additional_path>& paths)
{
    pmt::pmt_t all = pmt::make_vector(paths.size(), pmt::PMT_NIL);
    for (size_t i = 0; i < paths.size(); ++i) {
        pmt::pmt_t one = pmt::make_dict();
        put(one, "delay_s", pmt::from_double(paths[i].delay_s));
        put(one, "delay_std_s", pmt::from_double(paths[i].delay_std_s));
        put(one, "rsrpp_db", pmt::from_double(paths[i].rsrpp_db));
        pmt::vector_set(all, i, one);
    }
    return all;
}

} // namespace

first_path_detector::sptr
first_path_detector::make(const std::string& source,
                          int profile_points,
                          const kernel::first_path_config& config,
                          bool with_profiles,
                          const kernel::los_config& los)
{
    return gnuradio::make_block_sptr<first_path_detector_impl>(
        source, profile_points, config, with_profiles, los);
}

first_path_detector_impl::first_path_detector_impl(
    const std::string& source,
    int profile_points,
    const kernel::first_path_config& config,
    bool with_profiles,
    const kernel::los_config& los)
    : gr::sync_block("ntnpos_first_path_detector",
                     gr::io_signature::make(1, 1, item_size(profile_points)),
                     gr::io_signature::make(0, 0, 0)),
      d_source(pmt::intern(source)),
      d_points(profile_points),
      d_config(config),
      d_with_profiles(with_profiles),
      d_los(los)
{
    // What each profile brings with it is not the user's to get wrong.
    d_config.subcarriers = 12;
    d_config.profile_points = profile_points;
    kernel::throw_if(kernel::validate(d_config));
    kernel::throw_if(kernel::validate(d_los));
    message_port_register_out(meas_port());
    message_port_register_in(pmt::mp("config"));
    set_msg_handler(pmt::mp("config"), [this](const pmt::pmt_t& message) {
        if (pmt::is_dict(message))
            publish("config", message, true);
        else
            count_bad();
    });
}

first_path_detector_impl::detector*
first_path_detector_impl::detector_for(const kernel::delay_profile& profile)
{
    const auto key = std::make_pair(profile.subcarriers, profile.scs_hz);
    auto at = d_detectors.find(key);
    if (at == d_detectors.end()) {
        kernel::first_path_config config = d_config;
        config.subcarriers = profile.subcarriers;
        config.scs_hz = profile.scs_hz;
        if (kernel::validate(config))
            return nullptr;
        at = d_detectors
                 .emplace(key,
                          detector{ kernel::first_path(config),
                                    kernel::los_probability(d_los, config) })
                 .first;
    }
    return &at->second;
}

void first_path_detector_impl::publish(const char* kind, pmt::pmt_t message, bool others)
{
    put_header(message, d_source, d_seq++, kind, others);
    message_port_pub(meas_port(), message);
}

void first_path_detector_impl::count_bad()
{
    if (d_bad++ == 0)
        d_logger->warn(
            "dropped a profile or message that is malformed; more are only counted");
}

pmt::pmt_t first_path_detector_impl::measure(const kernel::delay_profile& profile,
                                             const members& described,
                                             detector& with,
                                             const gr_complex* values)
{
    pmt::pmt_t m = pmt::make_dict();
    // What the description says already is handed on as it is.
    const auto pass = [&](const char* name, double value) {
        const auto same = [value](const pmt::pmt_t& there) {
            return pmt::is_real(there) && pmt::to_double(there) == value;
        };
        if (!described.move_to(m, name, same))
            put(m, name, pmt::from_double(value));
    };
    if (!described.move_to(m, "satellite", pmt::is_symbol))
        put(m, "satellite", pmt::intern(profile.satellite));
    if (!described.move_to(m, "slot_count", pmt::is_integer))
        put(m, "slot_count", pmt::from_long(profile.slot_count));
    pass("predicted_rate_s_per_s", profile.predicted_rate);
    pass("window_min_s", profile.window_min_s);
    pass("window_max_s", profile.window_max_s);
    kernel::first_path_estimate estimate;
    if (profile.status == kernel::occasion_status::found)
        // That the satellite is there the correlator has decided, with its own rate of
        // false alarms, and it has moved the strongest path to the middle.
        estimate = with.paths.detect(
            values, strongest_within / (profile.subcarriers * profile.scs_hz));
    if (!estimate.detected) {
        const bool cut = profile.status == kernel::occasion_status::incomplete;
        put(m, "status", interned(cut ? "incomplete" : "no_signal"));
        put(m, "t", to_pmt(profile.arrival));
        for (const char* name : { "toa_s",
                                  "toa_std_s",
                                  "doppler_hz",
                                  "doppler_std_hz",
                                  "toa_rate_s_per_s",
                                  "toa_rate_std_s_per_s",
                                  "carrier_phase_cycles",
                                  "carrier_phase_std_cycles",
                                  "carrier_phase_continuous",
                                  "snr_db",
                                  "rsrp_db",
                                  "first_path_rsrpp_db",
                                  "additional_paths",
                                  "los_probability" })
            put(m, name, pmt::PMT_NIL);
        return m;
    }
    const kernel::toa_measurement toa = kernel::measure_toa(profile, estimate);
    put(m, "status", interned("ok"));
    put(m, "t", to_pmt(toa.arrival));
    put(m, "toa_s", pmt::from_double(toa.toa_s));
    put(m, "toa_std_s", pmt::from_double(toa.toa_std_s));
    pass("doppler_hz", profile.doppler_hz);
    pass("doppler_std_hz", profile.doppler_std_hz);
    pass("toa_rate_s_per_s", profile.toa_rate);
    pass("toa_rate_std_s_per_s", profile.toa_rate_std);
    if (profile.carrier_phase_std_cycles > 0.0) {
        pass("carrier_phase_cycles", profile.carrier_phase_cycles);
        pass("carrier_phase_std_cycles", profile.carrier_phase_std_cycles);
        put(m,
            "carrier_phase_continuous",
            pmt::from_bool(profile.carrier_phase_continuous));
    } else {
        for (const char* name : { "carrier_phase_cycles",
                                  "carrier_phase_std_cycles",
                                  "carrier_phase_continuous" })
            put(m, name, pmt::PMT_NIL);
    }
    put(m, "snr_db", pmt::from_double(toa.snr_db));
    put(m, "rsrp_db", pmt::from_double(toa.rsrp_db));
    put(m, "first_path_rsrpp_db", pmt::from_double(toa.first_path_rsrpp_db));
    put(m, "additional_paths", to_pmt(toa.additional_paths));
    put(m, "los_probability", pmt::from_double(with.los.of(estimate)));
    if (d_with_profiles) {
        const double step = 1.0 / (d_points * profile.scs_hz);
        put(m, "profile", pmt::init_c32vector(d_points, values));
        put(m,
            "profile_start_s",
            pmt::from_double(profile.toa_s - (d_points / 2) * step));
        put(m, "profile_step_s", pmt::from_double(step));
    }
    return m;
}

int first_path_detector_impl::work(int noutput_items,
                                   gr_vector_const_void_star& input_items,
                                   gr_vector_void_star&)
{
    const auto* in = static_cast<const gr_complex*>(input_items[0]);
    get_tags_in_window(d_tags, 0, 0, noutput_items);
    for (int i = 0; i < noutput_items; ++i) {
        const uint64_t item = nitems_read(0) + i;
        const auto of_key = [&](const pmt::pmt_t& key) {
            return std::find_if(d_tags.begin(), d_tags.end(), [&](const tag_t& t) {
                return t.offset == item && pmt::equal(t.key, key);
            });
        };
        if (of_key(end_key()) != d_tags.end()) {
            pmt::pmt_t end = pmt::make_dict();
            put(end, "count", pmt::from_uint64(d_count));
            publish("end", end);
            d_count = 0;
            continue;
        }
        const auto tag = of_key(profile_key());
        const members described(tag == d_tags.end() ? pmt::PMT_NIL : tag->value);
        const auto profile = read_profile(described);
        detector* const with = profile ? detector_for(*profile) : nullptr;
        if (!with) {
            count_bad();
            continue;
        }
        ++d_count;
        publish(
            "toa",
            measure(*profile, described, *with, in + static_cast<size_t>(i) * d_points));
    }
    return noutput_items;
}

} // namespace gr::ntnpos
