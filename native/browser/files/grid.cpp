#include <algorithm>

#include "browser/files/codes.hpp"
#include "browser/files/model_name.hpp"
#include "core/fail.hpp"

namespace selfsame::browser {

namespace {

constexpr std::uint32_t kMaxNumbers = 256, kMaxCells = 1 << 14;
constexpr int kStep = 128;  // what the coder is told of a quantiser's step

}  // namespace

GridCode read_grid(const Container& container, const coding::Models& models) {
    const auto payloads = container.payloads({"GRID", "ALPH"});
    Numbers fields = required(payloads[0], "GRID", 8, 0);
    fields.u8();
    const std::uint32_t numbers = fields.u16(), rows = fields.u16(), columns = fields.u16();
    GridCode code{};
    std::tie(code.fingerprint, code.model) = read_model_name(fields, fields.u8());
    if (numbers == 0 || numbers > kMaxNumbers || rows * columns == 0 || rows > kMaxCells / columns) {
        fail(Fault::kCorrupted, "the file holds an impossible layout of a grid: ", rows, "x", columns, " cells of ",
             numbers, " numbers");
    }
    check_model_name(code.model, "grid");
    code.levels.emplace_back(static_cast<int>(numbers) - 1, 0, static_cast<int>(rows), static_cast<int>(columns));
    coding::Decoder coder(models, fields.rest());
    if (!collage::read_planes(coder, code.levels, kStep)) {
        fail(Fault::kCorrupted, "the symbols of the picture are damaged");
    }
    const auto& symbols = code.levels.front().symbols;
    for (const std::int32_t level : Row(symbols.data(), symbols.size())) {
        if (level > collage::kMaxWeight || level < -collage::kMaxWeight) {
            fail(Fault::kCorrupted, "the file holds an impossible grid: a level of ", level);
        }
    }
    code.alpha = read_alpha(container.header, payloads[1]);
    return code;
}

}  // namespace selfsame::browser
