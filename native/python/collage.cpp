#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "collage/syntax.hpp"
#include "python/coding.hpp"

namespace selfsame::python {

namespace {

constexpr int kMaxStep = 255;

// Append a plane of so many ranges; all have as many.
void append_plane(std::vector<collage::Plane>& planes, std::int64_t channels, int domains, std::int64_t rows,
                  std::int64_t columns) {
    require(domains >= 0 && domains <= collage::kMaxDomains && channels >= 1 + domains &&
                channels <= 1 + domains + collage::kMaxAtoms && is_side(rows) && is_side(columns) &&
                rows * columns <= collage::kMaxSymbols / channels && planes.size() < collage::kPlanes &&
                (planes.empty() || (rows == planes[0].rows && columns == planes[0].columns)),
            "no such shape of symbols");
    planes.emplace_back(static_cast<int>(channels) - 1 - domains, domains, static_cast<int>(rows),
                        static_cast<int>(columns));
}

bool is_weight(std::int32_t weight) { return weight >= -collage::kMaxWeight && weight <= collage::kMaxWeight; }

void check_settings(std::size_t planes, int step) {
    require(planes > 0 && step >= 0 && step <= kMaxStep, "no planes, or no such step");
}

std::optional<std::vector<NewArray<std::int32_t>>> read_symbols(
    const nb::bytes& data, const std::vector<std::tuple<int, int, int>>& shapes, int domains, int step,
    const Slots& slots, const Weights& weights) {
    std::vector<collage::Plane> planes;
    for (const auto& [channels, rows, columns] : shapes) {
        append_plane(planes, channels, domains, rows, columns);
    }
    check_settings(planes.size(), step);
    {
        coding::Decoder coder(models(slots, weights, collage::slot_count(), collage::set_count()),
                              bytes_of(data));
        const nb::gil_scoped_release released;
        if (!collage::read_planes(coder, planes, step)) {
            return std::nullopt;
        }
    }
    std::vector<NewArray<std::int32_t>> result;
    for (auto& read : planes) {
        const std::size_t channels = 1 + read.atoms + read.domains, rows = read.rows,
                          columns = read.columns;
        result.push_back(own<std::int32_t>(std::move(read.symbols), {channels, rows, columns}));
    }
    return result;
}

// Write planes, and return the coder after that.
coding::Encoder coded(const std::vector<Array<std::int32_t, 3>>& symbols, int domains, int step,
                      const Slots& slots, const Weights& weights) {
    std::vector<collage::Plane> planes;
    for (const auto& array : symbols) {
        append_plane(planes, array.shape(0), domains, array.shape(1), array.shape(2));
        const Grid all = flat(array);
        for (std::size_t channel = 1; channel < all.height(); ++channel) {
            require(std::ranges::all_of(all.row(channel), is_weight), "a weight beyond what a file holds");
        }
        std::copy_n(all.data(), array.size(), planes.back().symbols.data());
    }
    check_settings(planes.size(), step);
    coding::Encoder coder(models(slots, weights, collage::slot_count(), collage::set_count()),
                          collage::kElements);
    const nb::gil_scoped_release released;
    require(collage::write_planes(coder, planes, step), "a bias beyond what a file holds");
    return coder;
}

std::pair<nb::bytes, std::vector<double>> write_symbols(const std::vector<Array<std::int32_t, 3>>& symbols,
                                                        int domains, int step, const Slots& slots,
                                                        const Weights& weights) {
    const auto coder = coded(symbols, domains, step, slots, weights);
    const auto bytes = coder.finished();
    return {nb::bytes(bytes.data(), bytes.size()), coder.spent()};
}

std::pair<NewArray<std::uint32_t>, NewArray<std::int32_t>> learned(
    const std::vector<Array<std::int32_t, 3>>& symbols, int domains, int step, const Slots& slots,
    const Weights& weights) {
    const auto coder = coded(symbols, domains, step, slots, weights);
    return {slots_of(coder.models()), weights_of(coder.models())};
}

}  // namespace

void bind_collage(nb::module_ module) {
    module.def("read_symbols", &read_symbols, nb::arg("data"), nb::arg("shapes"), nb::arg("domains"),
               nb::arg("step"), nb::arg("slots"), nb::arg("weights"),
               "Return the symbols of planes of these shapes, or None for a damaged stream.");
    module.def("write_symbols", &write_symbols, nb::arg("symbols"), nb::arg("domains"), nb::arg("step"),
               nb::arg("slots"), nb::arg("weights"),
               "Return the stream of the symbols of planes, and bits by syntax element.");
    module.attr("SLOTS") = collage::slot_count();
    module.attr("WEIGHT_SETS") = collage::set_count();
    module.def("learned", &learned, nb::arg("symbols"), nb::arg("domains"), nb::arg("step"),
               nb::arg("slots"), nb::arg("weights"),
               "Return the models as they stand after the symbols of planes are written.");
}

}  // namespace selfsame::python
