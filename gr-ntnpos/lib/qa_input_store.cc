/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gnuradio/ntnpos/kernel/input_store.h>
#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

using namespace gr::ntnpos::kernel;

namespace {

// Sample n of the stream has the value n.
std::vector<std::complex<float>> numbered(int64_t first, size_t count)
{
    std::vector<std::complex<float>> samples;
    for (size_t i = 0; i < count; ++i)
        samples.emplace_back(static_cast<float>(first + static_cast<int64_t>(i)));
    return samples;
}

bool holds(const input_view& view, int64_t first, int64_t end)
{
    if (view.first != first || view.count != static_cast<size_t>(end - first))
        return false;
    const auto want = numbered(first, view.count);
    return std::equal(want.begin(), want.end(), view.samples);
}

} // namespace

BOOST_AUTO_TEST_CASE(what_is_not_forgotten_stays_in_order)
{
    std::mt19937 random(1);
    input_store store;
    int64_t end = 0;
    int64_t first = 0;
    for (int i = 0; i < 2000; ++i) {
        const size_t count = random() % 300;
        store.append(numbered(end, count).data(), count);
        end += static_cast<int64_t>(count);
        first = std::min<int64_t>(end, first + random() % 320);
        store.forget_before(first);
        BOOST_REQUIRE_EQUAL(store.end(), end);
        BOOST_REQUIRE(holds(store.view(), first, end));
    }
}

BOOST_AUTO_TEST_CASE(samples_to_come_can_be_forgotten)
{
    input_store store;
    store.forget_before(150);
    store.append(numbered(0, 100).data(), 100);
    BOOST_CHECK_EQUAL(store.end(), 100);
    BOOST_CHECK_EQUAL(store.view().count, 0u);
    store.append(numbered(100, 100).data(), 100);
    BOOST_CHECK(holds(store.view(), 150, 200));
    store.forget_before(120); // what is gone does not come back
    BOOST_CHECK(holds(store.view(), 150, 200));
    store.forget_before(-5);
    BOOST_CHECK(holds(store.view(), 150, 200));
}

BOOST_AUTO_TEST_CASE(it_can_begin_anew_anywhere)
{
    input_store store;
    store.append(numbered(0, 100).data(), 100);
    store.restart(5000);
    BOOST_CHECK_EQUAL(store.view().count, 0u);
    store.append(numbered(5000, 30).data(), 30);
    store.forget_before(5010);
    BOOST_CHECK(holds(store.view(), 5010, 5030));
    store.restart(-7);
    store.append(numbered(-7, 10).data(), 10);
    BOOST_CHECK(holds(store.view(), -7, 3));
}
