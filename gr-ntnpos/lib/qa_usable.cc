/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kernel/usable.h"
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace gr::ntnpos::kernel;

BOOST_AUTO_TEST_CASE(the_first_that_is_not_usable_is_found)
{
    using limits = std::numeric_limits<float>;
    const float largest = 1e9f;
    for (const int count : { 0, 1, 127, 128, 129, 1000 }) {
        std::vector<std::complex<float>> x(count + 1, { largest, -limits::denorm_min() });
        BOOST_CHECK_EQUAL(leading_usable(x.data(), count), count);
        for (const float bad : { limits::infinity(),
                                 -limits::infinity(),
                                 limits::quiet_NaN(),
                                 -limits::quiet_NaN(),
                                 std::nextafter(largest, limits::max()),
                                 -limits::max() })
            for (const int at : { 0, 1, 127, 128, 130, 255, 256, 998 }) {
                auto with = x;
                if (at > count)
                    continue;
                // The one after the last does not count.
                with[at] = at % 2 ? std::complex<float>(bad, 0.0f)
                                  : std::complex<float>(0.0f, bad);
                BOOST_CHECK_EQUAL(leading_usable(with.data(), count), at);
            }
    }
}
