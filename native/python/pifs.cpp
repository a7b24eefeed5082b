#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <tuple>
#include <stdexcept>
#include <vector>

#include "pifs/attractor.hpp"
#include "pifs/compose.hpp"
#include "pifs/contraction.hpp"
#include "pifs/dct.hpp"
#include "pifs/deblock.hpp"
#include "pifs/near.hpp"
#include "pifs/partition.hpp"
#include "pifs/plane.hpp"
#include "pifs/region.hpp"
#include "pifs/search.hpp"
#include "pifs/transform.hpp"
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
            auto& levels = levels_.emplace_back(static_cast<std::size_t>(height) * width);
            const pifs::Plane* before = planes_.empty() ? nullptr : &planes_.back();
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

std::optional<std::vector<Planes::Arrays>> read_planes(const nb::bytes& data, const Shapes& shapes, const Slots& slots,
                                    const Weights& weights) {
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
        std::copy_n(blocks.data(), blocks.size(), plane.blocks.data()->data());
        std::copy_n(maps.data(), maps.size(), plane.maps.data()->data());
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

using Ints = Array<std::int32_t, 2>;
using Floats = Array<float, 2>;

Row<const pifs::Block> blocks_of(const Ints& blocks, Grid<const std::int32_t> plane) {
    if (blocks.shape(1) != 4) {
        throw std::invalid_argument("blocks are (n, 4)");
    }
    const Row rows(reinterpret_cast<const pifs::Block*>(blocks.data()), blocks.shape(0));
    for (const auto& [y, x, lh, lw] : rows) {
        const auto inside = [](int log2) { return pifs::kMinLog2 <= log2 && log2 <= pifs::kMaxLog2; };
        if (!inside(lh) || !inside(lw) || y < 0 || x < 0 || y % 4 || x % 4 ||
            static_cast<std::size_t>(y) + (std::size_t(1) << lh) > plane.height() ||
            static_cast<std::size_t>(x) + (std::size_t(1) << lw) > plane.width()) {
            throw std::invalid_argument("a block lies outside of its plane");
        }
    }
    return rows;
}

Row<const pifs::Map> maps_of(const Ints& maps, std::size_t count) {
    if (maps.shape(1) != 5 || maps.shape(0) != count) {
        throw std::invalid_argument("maps are (n, 5), as many as blocks");
    }
    return {reinterpret_cast<const pifs::Map*>(maps.data()), maps.shape(0)};
}

std::optional<pifs::Luma> luma_of(const std::optional<Floats>& luma, std::size_t width) {
    if (!luma) {
        return std::nullopt;
    }
    return pifs::Luma{grid(*luma), static_cast<int>(luma->shape(1) / width)};
}

// A new array for the results of a function.
class Result {
public:
    Result(std::size_t height, std::size_t width) : height_(height), width_(width), values_(height * width) {}
    explicit Result(Grid<const float> copied) : Result(copied.height(), copied.width()) {
        std::copy_n(copied.data(), values_.size(), values_.data());
    }
    Grid<float> grid() { return {values_.data(), height_, width_}; }
    NewArray<float> taken() { return own<float>(std::move(values_), {height_, width_}); }

private:
    std::size_t height_, width_;
    std::vector<float> values_;
};

NewArray<float> inverse_dct(const Ints& levels, const Ints& blocks, float step, int scale, int threads) {
    Result result(levels.shape(0) * scale, levels.shape(1) * scale);
    {
        const auto rows = blocks_of(blocks, grid(levels));
        const nb::gil_scoped_release released;
        pifs::inverse_dct(grid(levels), rows, step, pifs::Basis(scale), result.grid(), threads);
    }
    return result.taken();
}

NewArray<float> apply_maps(const Floats& x, const Floats& b, const Ints& blocks, const Ints& maps, int scale,
                           const std::optional<Floats>& luma, int threads) {
    Result result(grid(b));
    {
        const Row rows(reinterpret_cast<const pifs::Block*>(blocks.data()), blocks.shape(0));
        const auto all = maps_of(maps, rows.size());
        const nb::gil_scoped_release released;
        pifs::apply_maps(grid(x), grid(b), rows, all, scale, luma_of(luma, b.shape(1)), result.grid(),
                         threads);
    }
    return result.taken();
}

std::vector<std::int32_t> owners_of(Row<const pifs::Block> blocks, std::size_t height, std::size_t width) {
    std::vector<std::int32_t> owners((height >> 2) * (width >> 2), -1);
    pifs::fill_owners(blocks, Grid(owners.data(), height >> 2, width >> 2));
    return owners;
}

NewArray<float> deblock(const Floats& x, const Ints& levels, const Ints& blocks, const Ints& maps, float step,
                        int strength, int scale, int threads) {
    Result result(x.shape(0), x.shape(1));
    {
        const auto rows = blocks_of(blocks, grid(levels));
        const auto all = maps_of(maps, rows.size());
        const nb::gil_scoped_release released;
        const auto owners = owners_of(rows, levels.shape(0), levels.shape(1));
        const Grid cells(owners.data(), levels.shape(0) >> 2, levels.shape(1) >> 2);
        pifs::deblock(grid(x), grid(levels), rows, all, cells, step, strength, scale, result.grid(), threads);
    }
    return result.taken();
}

std::pair<NewArray<std::int32_t>, NewArray<std::int32_t>> partition(const Floats& pixels, const Floats& reference, const std::optional<Floats>& luma,
                    const std::vector<std::pair<int, Array<std::int32_t, 3>>>& candidates,
                    const Slots& slots, int chroma, float inverse_step, double bit_price, int last,
                    int threads, pifs::Shapes shapes) {
    pifs::Partition result;
    {
        std::vector<pifs::Candidates> all;
        for (const auto& [log2, maps] : candidates) {
            const auto* data = reinterpret_cast<const pifs::Map*>(maps.data());
            all.push_back({log2, Grid(data, maps.shape(0), maps.shape(1))});
        }
        const nb::gil_scoped_release released;
        const pifs::CostTables tables(row(slots), chroma);
        result = pifs::cheapest_partition(grid(pixels), grid(reference), luma_of(luma, pixels.shape(1)), all,
                                          tables, {inverse_step, bit_price, last}, shapes, 0,
                                          static_cast<int>(pixels.shape(0)), threads);
        const Row<const pifs::Block> blocks(result.blocks.data(), result.blocks.size());
        const auto owners = owners_of(blocks, pixels.shape(0), pixels.shape(1));
        pifs::make_contractive(blocks, Row(result.maps.data(), result.maps.size()),
                               Grid(owners.data(), pixels.shape(0) >> 2, pixels.shape(1) >> 2));
    }
    const std::size_t count = result.blocks.size();
    return {own<std::int32_t>(std::move(result.blocks), {count, 4}),
            own<std::int32_t>(std::move(result.maps), {count, 5})};
}

NewArray<float> transform_blocks(const Floats& pixels, const Ints& blocks, float factor, int threads) {
    Result result(pixels.shape(0), pixels.shape(1));
    {
        const Row rows(reinterpret_cast<const pifs::Block*>(blocks.data()), blocks.shape(0));
        const nb::gil_scoped_release released;
        pifs::transform_blocks(grid(pixels), rows, factor, result.grid(), threads);
    }
    return result.taken();
}

std::pair<NewArray<float>, int> settle(const Floats& b, const Ints& blocks, const Ints& maps,
                                       const std::optional<Floats>& luma, int threads) {
    Result result(grid(b));
    int count = 0;
    {
        const Row rows(reinterpret_cast<const pifs::Block*>(blocks.data()), blocks.shape(0));
        const auto all = maps_of(maps, rows.size());
        const nb::gil_scoped_release released;
        count = pifs::settle(result.grid(), rows, all, luma_of(luma, b.shape(1)), threads);
    }
    return {result.taken(), count};
}

NewArray<std::int32_t> depths(const Ints& blocks, const Ints& maps, const Array<std::uint8_t, 2>& cells,
                              int iterations) {
    const Grid<const std::int32_t> plane(nullptr, cells.shape(0) * 4, cells.shape(1) * 4);
    const auto rows = blocks_of(blocks, plane);
    const auto owners = owners_of(rows, plane.height(), plane.width());
    auto found = pifs::depths(rows, maps_of(maps, rows.size()),
                              Grid(owners.data(), cells.shape(0), cells.shape(1)), grid(cells), iterations);
    const std::size_t count = found.size();
    return own<std::int32_t>(std::move(found), {count});
}

NewArray<double> contraction_bounds(const Ints& blocks, const Ints& maps, int height, int width) {
    const auto rows = blocks_of(blocks, Grid<const std::int32_t>(nullptr, height, width));
    const auto owners = owners_of(rows, height, width);
    auto bounds = pifs::contraction_bounds(rows, maps_of(maps, rows.size()),
                                           Grid(owners.data(), height >> 2, width >> 2));
    const std::size_t count = bounds.size();
    return own<double>(std::move(bounds), {count});
}

NewArray<std::int32_t> contractive_maps(const Ints& blocks, const Ints& maps, int height, int width) {
    const auto rows = blocks_of(blocks, Grid<const std::int32_t>(nullptr, height, width));
    const auto all = maps_of(maps, rows.size());
    const auto owners = owners_of(rows, height, width);
    std::vector<pifs::Map> lowered(all.begin(), all.end());
    pifs::make_contractive(rows, Row(lowered.data(), lowered.size()),
                           Grid(owners.data(), height >> 2, width >> 2));
    const std::size_t count = lowered.size();
    return own<std::int32_t>(std::move(lowered), {count, 5});
}

// values, top, left, height, width
using Window = std::tuple<Floats, int, int, int, int>;

void compose(const std::vector<Window>& windows, bool half_chroma, int top, int left,
             const Target<float, 3>& out, int threads) {
    std::vector<pifs::Window> all;
    for (const auto& [values, window_top, window_left, height, width] : windows) {
        all.push_back({grid(values), window_top, window_left, height, width});
    }
    const nb::gil_scoped_release released;
    pifs::compose(all, half_chroma, top, left, static_cast<int>(out.shape(2)), flat(out), threads);
}

NewArray<float> block_costs(const Floats& pixels, int log2_height, int log2_width, const Slots& slots,
                            int chroma, float inverse_step, double bit_price, int last) {
    const std::size_t rows = pixels.shape(0) >> log2_height, columns = pixels.shape(1) >> log2_width;
    Result result(rows, columns);
    {
        const nb::gil_scoped_release released;
        const pifs::CostTables tables(row(slots), chroma);
        pifs::shape_costs(grid(pixels), log2_height, log2_width, tables, {inverse_step, bit_price, last},
                          result.grid());
    }
    return result.taken();
}

void keep_best(const Array<float, 3>& products, int start, const Array<float, 1>& reach,
               const Array<float, 1>& penalty, const Ints& corners, const Ints& ranges, int apart,
               const Target<float, 2>& gains, const Target<std::int32_t, 2>& found) {
    const std::size_t width = products.shape(2);
    if (reach.size() != width || penalty.size() != width || corners.shape(0) != width ||
        corners.shape(1) != 2 || ranges.shape(0) != gains.shape(0) || found.shape(0) != gains.shape(0) ||
        found.shape(1) != gains.shape(1) || gains.shape(1) == 0) {
        throw std::invalid_argument("arrays of a tile of different lengths");
    }
    const Grid all(products.data(), products.shape(0) * products.shape(1), width);
    const nb::gil_scoped_release released;
    pifs::keep_best(all, static_cast<int>(products.shape(0)),
                    {start, row(reach), row(penalty), grid(corners)}, grid(ranges), apart,
                    {grid(gains), grid(found)});
}

void measure(const Floats& ranges, const Floats& domains, int side, int contraction, float max_scale, float flat_norm,
             const Ints& own, const Array<std::int32_t, 3>& corners, const Ints& orders,
             const Target<std::int32_t, 2>& turn, const Target<float, 2>& scale, const Target<float, 2>& gain) {
    if (orders.shape(1) != static_cast<std::size_t>(side) * side || own.shape(1) != 2 ||
        corners.shape(0) != own.shape(0) || corners.shape(2) != 2) {
        throw std::invalid_argument("arrays of matches of different lengths");
    }
    for (const std::int32_t place : Row(orders.data(), orders.size())) {
        if (place < 0 || place >= side * side) {
            throw std::invalid_argument("an isometry leads out of the block");
        }
    }
    const nb::gil_scoped_release released;
    pifs::measure(grid(ranges), grid(domains), {side, contraction, max_scale, flat_norm, grid(orders)}, grid(own),
                  flat(corners), grid(turn), grid(scale), grid(gain));
}

NewArray<std::int32_t> near_maps(const Floats& ranges, const Floats& domains, int log2, int reach,
                                 double bit_price, int threads) {
    std::vector<pifs::Map> maps;
    {
        const nb::gil_scoped_release released;
        maps = pifs::near_maps(grid(ranges), grid(domains), log2, reach, bit_price, threads);
    }
    return own<std::int32_t>(std::move(maps), {ranges.shape(0) >> log2, ranges.shape(1) >> log2, 5});
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> map_slots() {
    return {{pifs::kSlots.map_kind_neighbours, 2 * pifs::kKinds * pifs::kKinds},
            {pifs::kSlots.map_kind_size, 2 * pifs::kSizes * pifs::kMagnitudes}};
}

}  // namespace

void bind_pifs(nb::module_ module) {
    module.def("read_planes", &read_planes, nb::arg("data"), nb::arg("shapes"), nb::arg("slots"),
               nb::arg("weights"),
               "Return blocks, maps and levels of each plane of padded shapes, or None for a damaged "
               "stream.");
    module.def("inverse_dct", &inverse_dct, nb::arg("levels"), nb::arg("blocks"), nb::arg("step"),
               nb::arg("scale"), nb::arg("threads"));
    module.def("apply_maps", &apply_maps, nb::arg("x"), nb::arg("b"), nb::arg("blocks"), nb::arg("maps"),
               nb::arg("scale"), nb::arg("luma").none(), nb::arg("threads"));
    module.def("deblock", &deblock, nb::arg("x"), nb::arg("levels"), nb::arg("blocks"), nb::arg("maps"),
               nb::arg("step"), nb::arg("strength"), nb::arg("scale"), nb::arg("threads"));
    module.def("partition", &partition, nb::arg("pixels"), nb::arg("reference"), nb::arg("luma").none(),
               nb::arg("candidates"), nb::arg("slots"), nb::arg("chroma"), nb::arg("inverse_step"),
               nb::arg("bit_price"), nb::arg("last"), nb::arg("threads"),
               nb::arg("shapes") = pifs::kAllShapes);
    module.def("transform_blocks", &transform_blocks, nb::arg("pixels"), nb::arg("blocks"),
               nb::arg("factor"), nb::arg("threads"));
    module.def("settle", &settle, nb::arg("b"), nb::arg("blocks"), nb::arg("maps"), nb::arg("luma").none(),
               nb::arg("threads"));
    module.def("near_maps", &near_maps, nb::arg("ranges"), nb::arg("domains"), nb::arg("log2"),
               nb::arg("reach"), nb::arg("bit_price"), nb::arg("threads"));
    module.attr("LIMIT") = pifs::kLimit;
    module.attr("MARGIN") = pifs::kMargin;
    module.attr("SETTLED") = pifs::kSettled;
    module.attr("SLOTS") = pifs::kSlots.count;
    module.attr("WEIGHT_SETS") = pifs::kSets.count;
    module.def("map_slots", &map_slots,
               "Return the first slots of the first decisions on a map, and how many there are.");
    module.def("depths", &depths, nb::arg("blocks"), nb::arg("maps"), nb::arg("cells"),
               nb::arg("iterations"));
    module.def("contraction_bounds", &contraction_bounds, nb::arg("blocks"), nb::arg("maps"),
               nb::arg("height"), nb::arg("width"));
    module.def("contractive_maps", &contractive_maps, nb::arg("blocks"), nb::arg("maps"), nb::arg("height"),
               nb::arg("width"));
    module.def("compose", &compose, nb::arg("windows"), nb::arg("half_chroma"), nb::arg("top"),
               nb::arg("left"), nb::arg("out").noconvert(), nb::arg("threads"));
    module.def("block_costs", &block_costs, nb::arg("pixels"), nb::arg("log2_height"), nb::arg("log2_width"),
               nb::arg("slots"), nb::arg("chroma"), nb::arg("inverse_step"), nb::arg("bit_price"),
               nb::arg("last"));
    module.def("keep_best", &keep_best, nb::arg("products"), nb::arg("start"), nb::arg("reach"),
               nb::arg("penalty"), nb::arg("corners"), nb::arg("ranges"), nb::arg("apart"),
               nb::arg("gains").noconvert(), nb::arg("found").noconvert());
    module.def("measure", &measure, nb::arg("ranges"), nb::arg("domains"), nb::arg("side"),
               nb::arg("contraction"), nb::arg("max_scale"), nb::arg("flat"), nb::arg("own"),
               nb::arg("corners"), nb::arg("orders"), nb::arg("turn").noconvert(),
               nb::arg("scale").noconvert(), nb::arg("gain").noconvert());
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
