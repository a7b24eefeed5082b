#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "pifs/plane.hpp"
#include "python/coding.hpp"

namespace selfsame::python {

namespace {

using Shapes = std::vector<std::pair<int, int>>;

coding::Models models_of(const Slots& slots, const Weights& weights) {
    return models(slots, weights, pifs::kSlots.count, pifs::kSets.count);
}

// Planes of padded shapes, each linked to the one that helps to predict it: luma for Cb, Cb for Cr.
class Planes {
public:
    explicit Planes(const Shapes& shapes) {
        levels_.reserve(shapes.size());
        planes_.reserve(shapes.size());
        for (const auto& [height, width] : shapes) {
            if (height < 1 || width < 1 || height % 4 || width % 4) {
                throw std::invalid_argument("sides of planes are multiples of 4");
            }
            const pifs::Plane* before = planes_.empty() ? nullptr : &planes_.back();
            if (before && static_cast<std::size_t>(height) > before->levels.height()) {
                throw std::invalid_argument("no plane is higher than the one before");
            }
            auto& levels = levels_.emplace_back(static_cast<std::size_t>(height) * width);
            planes_.emplace_back(Grid<std::int32_t>(levels.data(), height, width), before);
        }
    }
    Planes(const Planes&) = delete;

    pifs::Plane& operator[](std::size_t i) { return planes_.at(i); }
    std::size_t size() const { return planes_.size(); }

    // Blocks, maps and levels of a plane, which loses them.
    using Arrays = std::tuple<NewArray<std::int32_t>, NewArray<std::int32_t>, NewArray<std::int32_t>>;
    Arrays taken(std::size_t i) {
        pifs::Plane& plane = planes_.at(i);
        const std::size_t count = plane.blocks.size();
        const std::size_t height = plane.levels.height(), width = plane.levels.width();
        return {own<std::int32_t>(std::move(plane.blocks), {count, 4}),
                own<std::int32_t>(std::move(plane.maps), {count, 5}),
                own<std::int32_t>(std::move(levels_[i]), {height, width})};
    }

private:
    std::vector<Zeros<std::int32_t>> levels_;
    std::vector<pifs::Plane> planes_;
};

std::optional<std::vector<Planes::Arrays>> read_planes(const nb::bytes& data, const Shapes& shapes,
                                                       const Slots& slots, const Weights& weights) {
    Planes planes(shapes);
    bool is_whole = true;
    {
        const auto bytes = bytes_of(data);
        const nb::gil_scoped_release released;
        coding::Decoder coder(models_of(slots, weights), bytes);
        for (std::size_t i = 0; is_whole && i < planes.size(); ++i) {
            is_whole = pifs::read_plane(coder, planes[i]);
        }
    }
    if (!is_whole) {
        return std::nullopt;
    }
    std::vector<Planes::Arrays> result;
    for (std::size_t i = 0; i < planes.size(); ++i) {
        result.push_back(planes.taken(i));
    }
    return result;
}

// A stream of planes that is being written.
class Writer {
public:
    Writer(const Shapes& shapes, const Slots& slots, const Weights& weights)
        : planes_(shapes), coder_(models_of(slots, weights), pifs::kElements) {}

    void write(std::size_t i, const Array<std::int32_t, 2>& blocks, const Array<std::int32_t, 2>& maps,
               const Array<std::int32_t, 2>& levels) {
        pifs::Plane& plane = set(i, blocks, maps);
        same_shape(plane, levels.shape(0), levels.shape(1));
        std::copy_n(levels.data(), levels.size(), plane.levels.data());
        code(plane, nullptr);
    }

    NewArray<std::int32_t> choose(std::size_t i, const Array<std::int32_t, 2>& blocks,
                                  const Array<std::int32_t, 2>& maps,
                                  const Array<float, 2>& coefficients, double price, int last) {
        pifs::Plane& plane = set(i, blocks, maps);
        same_shape(plane, coefficients.shape(0), coefficients.shape(1));
        const pifs::Choice choice{grid(coefficients), price, last};
        code(plane, &choice);
        const auto height = plane.levels.height(), width = plane.levels.width();
        std::vector<std::int32_t> levels(plane.levels.data(), plane.levels.data() + height * width);
        return own<std::int32_t>(std::move(levels), {height, width});
    }

    void keep() { kept_ = coder_; }
    void back() {
        if (!kept_) {
            throw std::logic_error("nothing was kept");
        }
        coder_ = *kept_;
    }

    nb::bytes finished() const {
        const auto bytes = coder_.finished();
        return nb::bytes(bytes.data(), bytes.size());
    }
    NewArray<std::int32_t> weights() const {
        return own<std::int32_t>(coder_.models().weights, {coder_.models().weights.size(), coding::kMaxInputs});
    }
    NewArray<std::uint32_t> slots() const {
        return own<std::uint32_t>(coder_.models().slots, {coder_.models().slots.size()});
    }
    std::vector<double> spent() const { return coder_.spent(); }

private:
    pifs::Plane& set(std::size_t i, const Array<std::int32_t, 2>& blocks,
                     const Array<std::int32_t, 2>& maps) {
        if (blocks.shape(1) != 4 || maps.shape(1) != 5 || blocks.shape(0) != maps.shape(0)) {
            throw std::invalid_argument("blocks are (n, 4) and maps (n, 5)");
        }
        pifs::Plane& plane = planes_[i];
        plane.blocks.resize(blocks.shape(0));
        plane.maps.resize(maps.shape(0));
        std::memcpy(plane.blocks.data(), blocks.data(), blocks.nbytes());
        std::memcpy(plane.maps.data(), maps.data(), maps.nbytes());
        return plane;
    }
    static void same_shape(const pifs::Plane& plane, std::size_t height, std::size_t width) {
        if (height != plane.levels.height() || width != plane.levels.width()) {
            throw std::invalid_argument("an array of another shape than its plane");
        }
    }
    void code(pifs::Plane& plane, const pifs::Choice* choice) {
        const nb::gil_scoped_release released;
        plane.cells = pifs::Cells(static_cast<int>(plane.levels.height()),
                                  static_cast<int>(plane.levels.width()));
        if (!pifs::write_plane(coder_, plane, choice)) {
            throw std::invalid_argument("the blocks are not those of a tree, in its order");
        }
    }

    Planes planes_;
    coding::Encoder coder_;
    std::optional<coding::Encoder> kept_;
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
    module.def("read_planes", &read_planes, nb::arg("data"), nb::arg("shapes"), nb::arg("slots"),
               nb::arg("weights"),
               "Return blocks, maps and levels of each plane of padded shapes, or None for a damaged "
               "stream.");
    nb::class_<Writer>(module, "Writer", "A stream of planes of padded shapes that is being written.")
        .def(nb::init<const Shapes&, const Slots&, const Weights&>(), nb::arg("shapes"),
             nb::arg("slots"), nb::arg("weights"))
        .def("write", &Writer::write, nb::arg("plane"), nb::arg("blocks"), nb::arg("maps"),
             nb::arg("levels"), "Write a plane as it is.")
        .def("choose", &Writer::choose, nb::arg("plane"), nb::arg("blocks"), nb::arg("maps"),
             nb::arg("coefficients"), nb::arg("price"), nb::arg("last"),
             "Write a plane with the levels of least distortion + price × bits, and return them.")
        .def("keep", &Writer::keep, "Remember the state for ``back``.")
        .def("back", &Writer::back, "Return to the state that ``keep`` remembered.")
        .def("finished", &Writer::finished, "The bytes so far, ended.")
        .def_prop_ro("slots", &Writer::slots, nb::rv_policy::automatic, "The adaptive models as they stand.")
        .def_prop_ro("weights", &Writer::weights, nb::rv_policy::automatic, "The mixing weights as they stand.")
        .def_prop_ro("spent", &Writer::spent, "Bits by syntax element.");
}

}  // namespace selfsame::python
