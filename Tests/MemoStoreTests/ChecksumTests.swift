import TestSupport
import Testing

@testable import MemoStore

struct ChecksumTests {
    private func hash(_ bytes: [UInt8], _ seed: UInt64) -> UInt64 {
        bytes.withUnsafeBytes { Checksum.of($0, seed: seed) }
    }

    /// From the reference implementation's own answers.
    @Test func agreesWithTheReference() {
        let answers: [(count: Int, seed: UInt64, hash: UInt64)] = [
            (0, 0x0, 0xEF46_DB37_51D8_E999),
            (0, 0x9E37_79B9_7F4A_7C15, 0xC434_9FC9_3C01_0000),
            (1, 0x0, 0x1F25_C8D0_BC1F_4BB6),
            (1, 0x9E37_79B9_7F4A_7C15, 0x7982_6BCD_749D_267A),
            (3, 0x0, 0x31D2_363F_52E5_64C9),
            (3, 0x9E37_79B9_7F4A_7C15, 0x78EF_D775_75E2_6575),
            (4, 0x0, 0x9BB6_4B7D_66EE_9FDA),
            (4, 0x9E37_79B9_7F4A_7C15, 0x6F0A_6C97_D68B_F353),
            (7, 0x0, 0x9A7B_1499_59CE_60D8),
            (7, 0x9E37_79B9_7F4A_7C15, 0xD97E_DE93_C9D6_6A0D),
            (8, 0x0, 0xDAB9_9D95_C6F9_0092),
            (8, 0x9E37_79B9_7F4A_7C15, 0xA2F1_E284_37A7_8A1B),
            (11, 0x0, 0x7A52_CC94_57CF_1A1F),
            (11, 0x9E37_79B9_7F4A_7C15, 0x8D2B_0D24_762D_2B6E),
            (15, 0x0, 0x1B47_CB82_43CC_8E32),
            (15, 0x9E37_79B9_7F4A_7C15, 0xE2EC_50A5_44FA_EC61),
            (16, 0x0, 0x4348_5023_2B78_7BE2),
            (16, 0x9E37_79B9_7F4A_7C15, 0x9335_1859_A728_6376),
            (31, 0x0, 0xA2AA_5F33_CC4A_6119),
            (31, 0x9E37_79B9_7F4A_7C15, 0x7554_3727_1D1D_0A84),
            (32, 0x0, 0x23C3_C17E_F790_FD97),
            (32, 0x9E37_79B9_7F4A_7C15, 0xBF62_4B93_2C09_0428),
            (33, 0x0, 0x50A7_CFC7_BA58_8784),
            (33, 0x9E37_79B9_7F4A_7C15, 0x7ACE_AF1E_9D34_EA35),
            (63, 0x0, 0x5E3E_54B4_31C7_493C),
            (63, 0x9E37_79B9_7F4A_7C15, 0x2C8D_DCE5_C85D_0D9D),
            (64, 0x0, 0x0EB6_4B3E_F6EE_B01F),
            (64, 0x9E37_79B9_7F4A_7C15, 0x4AF3_41F1_4E3A_6FC9),
            (100, 0x0, 0xA61F_8D4C_170F_E531),
            (100, 0x9E37_79B9_7F4A_7C15, 0xF6D8_F65C_625A_BB4F),
            (255, 0x0, 0x39AE_55A2_9989_206F),
            (255, 0x9E37_79B9_7F4A_7C15, 0x8310_FF6A_20CA_DFAD),
            (1000, 0x0, 0x5F23_5FA0_33F1_A3FB),
            (1000, 0x9E37_79B9_7F4A_7C15, 0x442A_CD0A_822E_86F6),
        ]
        for answer in answers {
            let bytes = (0..<answer.count).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
            #expect(hash(bytes, answer.seed) == answer.hash, "\(answer.count) bytes")
        }
    }

    @Test func everyBitAndTheBoundaryCount() {
        var random = SeededGenerator(3)
        for count in [1, 7, 31, 32, 33, 64, 100] {
            let bytes = random.bytes(count)
            let sound = hash(bytes, 5)
            for bit in 0..<count * 8 {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(hash(flipped, 5) != sound)
            }
        }
        let (a, b, ab): ([UInt8], [UInt8], [UInt8]) = ([1], [2], [1, 2])
        let split = a.withUnsafeBytes { key in
            b.withUnsafeBytes { Checksum.of(key: key, value: $0, row: 1, salt: 0) }
        }
        let joined = ab.withUnsafeBytes { key in
            Checksum.of(key: key, value: UnsafeRawBufferPointer(start: nil, count: 0), row: 1, salt: 0)
        }
        #expect(split != joined)
    }
}
