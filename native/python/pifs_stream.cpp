#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "pifs/stream.hpp"
#include "python/coding.hpp"
#include "python/pifs.hpp"

namespace selfsame::python {

namespace {

using Shapes = std::vector<std::pair<int, int>>;

coding::Models models_of(const Slots& slots, const Weights& weights) {
    return models(slots, weights, pifs::kSlots.count, pifs::kSets.count);
}

std::vector<pifs::Sides> sides_of(const Shapes& shapes) {
    std::vector<pifs::Sides> sides;
    for (const auto& [height, width] : shapes) {
        require(is_side(height) && is_side(width), "no such sides of a plane");
        sides.push_back({height, width});
    }
    return sides;
}

using PlaneArrays = std::tuple<NewArray<std::int32_t>, NewArray<std::int32_t>, NewArray<std::int32_t>>;

std::optional<std::vector<PlaneArrays>> read_planes(const std::vector<std::optional<nb::bytes>>& data, const Shapes& shapes,
                                                    int rows, const Slots& slots, const Weights& weights,
                                                    int threads) {
    const auto sides = sides_of(shapes);
    std::vector<pifs::PlaneParts> planes;
    {
        std::vector<std::optional<Row<const std::uint8_t>>> streams;
        for (const auto& stream : data) {
            streams.push_back(stream ? std::optional(bytes_of(*stream)) : std::nullopt);
        }
        const auto first = models_of(slots, weights);
        const nb::gil_scoped_release released;
        planes = pifs::read_bands(streams, sides, rows, first, threads);
    }
    if (planes.empty()) {
        return std::nullopt;
    }
    std::vector<PlaneArrays> result;
    for (std::size_t i = 0; i < planes.size(); ++i) {
        const std::size_t count = planes[i].blocks.size();
        const std::size_t height = sides[i].height, width = sides[i].width;
        result.push_back({own<std::int32_t>(std::move(planes[i].blocks), {count, 4}),
                          own<std::int32_t>(std::move(planes[i].maps), {count, 5}),
                          own<std::int32_t>(std::move(planes[i].levels), {height, width})});
    }
    return result;
}

// A stream of planes that is being written.
class Writer {
public:
    Writer(const Shapes& shapes, int rows, const Slots& slots, const Weights& weights)
        : writer_(sides_of(shapes), rows, models_of(slots, weights)) {}

    void write(std::size_t i, const Ints& blocks, const Ints& maps, const Ints& levels, int threads) {
        check_shape(i, levels.shape(0), levels.shape(1));
        Zeros<std::int32_t> copied(levels.size());
        std::copy_n(data_of(levels), levels.size(), copied.data());
        code(i, blocks, maps, copied, nullptr, threads);
    }

    NewArray<std::int32_t> choose(std::size_t i, const Ints& blocks, const Ints& maps,
                                  const Floats& coefficients, double price, int last, int threads) {
        const std::size_t height = coefficients.shape(0), width = coefficients.shape(1);
        check_shape(i, height, width);
        const pifs::Choice choice{grid(coefficients), price, last};
        Zeros<std::int32_t> levels(height * width);
        code(i, blocks, maps, levels, &choice, threads);
        return own<std::int32_t>(std::move(levels), {height, width});
    }

    void keep() { writer_.keep(); }
    void back() {
        if (!writer_.back()) {
            throw std::logic_error("nothing was kept");
        }
    }

    std::vector<nb::bytes> finished() const {
        std::vector<nb::bytes> streams;
        for (const auto& stream : writer_.finished()) {
            streams.emplace_back(stream.data(), stream.size());
        }
        return streams;
    }
    NewArray<std::uint32_t> slots() const { return slots_of(writer_.models()); }
    NewArray<std::int32_t> weights() const { return weights_of(writer_.models()); }
    std::vector<double> spent() const { return writer_.spent(); }

private:
    void check_shape(std::size_t i, std::size_t height, std::size_t width) const {
        const auto [own_height, own_width] = writer_.sides().at(i);
        require(height == static_cast<std::size_t>(own_height) && width == static_cast<std::size_t>(own_width),
                "an array of another shape than its plane");
    }
    void code(std::size_t i, const Ints& blocks, const Ints& maps, Zeros<std::int32_t>& levels,
              const pifs::Choice* choice, int threads) {
        const auto [height, width] = writer_.sides()[i];
        const auto rows = blocks_of(blocks, height, width);
        const auto all = sound_maps_of(maps, rows, height, width);
        const Grid<std::int32_t> plane(levels.data(), height, width);
        const nb::gil_scoped_release released;
        require(writer_.write(i, rows, all, plane, choice, threads),
                "the blocks are not those of a tree, in its order, or a level is beyond what a stream holds");
    }

    pifs::BandWriter writer_;
};

std::vector<std::pair<std::uint32_t, std::uint32_t>> map_slots() {
    return {{pifs::kSlots.map_kind_neighbours, 2 * pifs::kKinds * pifs::kKinds},
            {pifs::kSlots.map_kind_size, 2 * pifs::kSizes * pifs::kMagnitudes}};
}

}  // namespace

void bind_pifs_stream(nb::module_ module) {
    module.attr("SLOTS") = pifs::kSlots.count;
    module.attr("WEIGHT_SETS") = pifs::kSets.count;
    module.def("map_slots", &map_slots,
               "Return the first slots of the first decisions on a map, and how many there are.");
    module.attr("BAND_UNIT") = pifs::kBandUnit;
    module.def("read_planes", &read_planes, nb::arg("streams"), nb::arg("shapes"), nb::arg("rows"),
               nb::arg("slots"), nb::arg("weights"), nb::arg("threads"),
               "Return blocks, maps and levels of each plane of padded shapes, cut into bands of so many "
               "rows of luma, or None for a damaged stream. Bands whose stream is None are empty.");
    nb::class_<Writer>(module, "Writer", "The streams of planes of padded shapes that are being written.")
        .def(nb::init<const Shapes&, int, const Slots&, const Weights&>(), nb::arg("shapes"),
             nb::arg("rows"), nb::arg("slots"), nb::arg("weights"))
        .def("write", &Writer::write, nb::arg("plane"), nb::arg("blocks"), nb::arg("maps"),
             nb::arg("levels"), nb::arg("threads"), "Write a plane as it is.")
        .def("choose", &Writer::choose, nb::arg("plane"), nb::arg("blocks"), nb::arg("maps"),
             nb::arg("coefficients"), nb::arg("price"), nb::arg("last"), nb::arg("threads"),
             "Write a plane with the levels of least distortion + price × bits, and return them.")
        .def("keep", &Writer::keep, "Remember the state for ``back``.")
        .def("back", &Writer::back, "Return to the state that ``keep`` remembered.")
        .def("finished", &Writer::finished, "The streams of the bands, ended.")
        .def_prop_ro("slots", &Writer::slots, nb::rv_policy::automatic, "The adaptive models of the first band as they stand.")
        .def_prop_ro("weights", &Writer::weights, nb::rv_policy::automatic, "The mixing weights of the first band as they stand.")
        .def_prop_ro("spent", &Writer::spent, "Bits by syntax element.");
}

}  // namespace selfsame::python
