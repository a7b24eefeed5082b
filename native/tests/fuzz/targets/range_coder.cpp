// The range coder, with models of any numbers: what is decoded is encoded to bytes that decode to the same.
#include "coding/numbers.hpp"
#include "coding/range_coder.hpp"
#include "input.hpp"

namespace {

using namespace selfsame;

constexpr int kSlots = 512, kSets = 4;

// Some decisions and numbers of all sorts; `values` are written, or read.
template <typename Coder>
void code(Coder& coder, Row<const std::uint8_t> script, std::vector<std::int32_t>& values) {
    for (std::size_t i = 0; i < script.size() && !coder.is_overrun(); ++i) {
        const int kind = script[i];
        const std::uint32_t slot = kind >> 3;
        std::int32_t value = Coder::kDecoding ? 0 : values[i];
        switch (kind & 7) {
            case 0:
                value = coder.code_plain(value, 0);
                break;
            case 1:
                value = coder.code_adaptive(value, slot, 0);
                break;
            case 2:
                value = coder.code_mixed(value, coding::Contexts<3>{slot, slot + 1, 40}, slot % kSets, 0);
                break;
            case 3:
                value = coder.code_mixed(value, coding::Contexts<8>{0, 1, 2, 3, slot, slot, 7, 8}, slot % kSets, 0);
                break;
            case 4:
                value = coding::code_tail(coder, value, slot, 0);
                break;
            case 5:
                value = coding::code_number(coder, value, coding::Contexts<1>{slot}, 0, 64, 300, 0);
                break;
            default:
                value = coding::code_number(coder, value, coding::Contexts<3>{slot, 32, 350}, slot % kSets, 64, 300, 0);
        }
        if constexpr (Coder::kDecoding) {
            values.push_back(value);
        } else {
            fuzz::require(value == values[i]);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    coding::Models models;
    const auto slot = input.any<std::uint32_t>(), slot_step = input.any<std::uint32_t>();
    for (std::uint32_t i = 0; i < kSlots; ++i) {
        models.slots.push_back(slot + i * slot_step);
    }
    models.weights.resize(kSets);
    for (auto& set : models.weights) {
        for (auto& weight : set) {
            weight = input.any<std::int32_t>();
        }
    }
    const auto rest = input.rest();
    const auto script = rest.part(0, std::min<std::size_t>(rest.size(), 128));
    coding::Decoder decoder(models, rest.part(script.size(), rest.size() - script.size()));
    std::vector<std::int32_t> values, again;
    code(decoder, script, values);
    if (decoder.is_overrun()) {
        return 0;
    }
    coding::Encoder encoder(models, 1);
    code(encoder, script, values);
    const auto bytes = encoder.finished();
    coding::Decoder reader(models, fuzz::row(bytes));
    code(reader, script, again);
    fuzz::require(!reader.is_overrun() && values == again);
    return 0;
}
