/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_NTNPOS_KERNEL_PATH_SEARCH_H
#define INCLUDED_NTNPOS_KERNEL_PATH_SEARCH_H

#include "music_starts.h"
#include "profile_fit.h"
#include "profile_scan.h"
#include <gnuradio/ntnpos/kernel/first_path.h>

namespace gr::ntnpos::kernel {

/*!
 * \brief How many paths a profile has, and where they start.
 *
 * From one path on, paths are added while the likelihood gains more than noise would at
 * the false-alarm probability. Each addition is tried from the highest points that the
 * paths leave and from splitting each path in two: two paths within a resolution have one
 * peak, between them or beside the weaker one.
 */
class path_search
{
public:
    path_search(const first_path_config& config, const profile_kernel& kernel);

    //! What a path too many must surpass, before and after the strongest.
    double early_limit() const { return d_early_limit; }

    /*!
     * Cheap test of one path: whether anything in what it leaves is worth a full search.
     * \param origin  point of the profile next to the path
     */
    bool doubtful(const std::complex<float>* profile, int origin, const path_set& one);

    /*!
     * Where before its main lobe something besides one path has more than `power`; the
     * main lobe's start if nothing has.
     */
    double arrival(const std::complex<float>* profile,
                   int origin,
                   const path_set& one,
                   double power);

    /*!
     * \param paths  the first path in, all paths out
     */
    void run(const std::complex<float>* profile, const profile_fit& fit, path_set& paths);

    //! Tries starts of ever more paths at once, and takes what fits better.
    void run(const music_starts& starts, const profile_fit& fit, path_set& paths) const;

private:
    bool within_region(const path_set& paths) const;
    bool sound(const path_set& paths) const;
    bool worth(double gain, double part, const path_set& paths) const;
    void try_start(const profile_fit& fit, const path_set& start, path_set& best) const;
    void add_peaks(const std::complex<float>* profile,
                   const profile_fit& fit,
                   const path_set& paths,
                   path_set& best);
    void
    split(const profile_fit& fit, const path_set& paths, int which, path_set& best) const;
    void drop_needless(const profile_fit& fit, path_set& paths) const;
    double limit(const path_set& fewer, const path_set& more) const;

    first_path_config d_config;
    const profile_kernel& d_kernel;
    double d_resolution;    // in points
    double d_early, d_late; // reach of the region, points
    double d_early_limit, d_late_limit;
    double d_least_power; // against the strongest
    region_residual d_region;
};

} // namespace gr::ntnpos::kernel

#endif
