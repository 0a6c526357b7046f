using System.Security.Cryptography;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Hashes the bytes of a multipart body and the places of its delimiters. Each place is written as the length of the bytes since the last
/// one, behind them, so the input of the hash can be read backwards in one way only: different bodies never give the same input.
/// </summary>
internal sealed class MultipartTrace(IncrementalHash hash)
{
    private const int EndOfBody = 0;
    private const int DelimiterLine = 1;
    private const int BoundaryLookalike = 2;

    // Each call of the hash costs as much as hashing a hundred bytes, and parts may be short.
    private readonly byte[] _staged = new byte[1024];
    private int _count;
    private long _length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _length += bytes.Length;
        Stage(bytes);
    }

    /// <summary>Here stood a boundary in its delimiter line. It is not hashed.</summary>
    public void Delimiter() => Note(DelimiterLine);

    /// <summary>Here begins, or ends, a boundary that only some parsers take for one. It is hashed.</summary>
    public void Lookalike() => Note(BoundaryLookalike);

    public void End()
    {
        Note(EndOfBody);
        Flush();
    }

    private void Note(int kind)
    {
        // As few bytes as the length needs, and behind them how many they are: parts may be short and many.
        Span<byte> note = stackalloc byte[sizeof(long) + 1];
        var count = 0;
        for (; _length > 0; _length >>= 8)
            note[count++] = (byte)_length;
        note[count] = (byte)((count << 2) | kind);
        Stage(note[..(count + 1)]);
    }

    private void Stage(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _staged.Length - _count)
            Flush();
        if (bytes.Length > _staged.Length)
        {
            hash.AppendData(bytes);
            return;
        }

        bytes.CopyTo(_staged.AsSpan(_count));
        _count += bytes.Length;
    }

    private void Flush()
    {
        hash.AppendData(_staged.AsSpan(0, _count));
        _count = 0;
    }
}
