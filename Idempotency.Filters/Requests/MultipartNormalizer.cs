using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Idempotency.Filters.Requests;

/// <summary>
/// Hashes a multipart body as it streams, without its boundary. Clients choose a random boundary for each attempt, so a retry has the same
/// parts but different bytes.
/// </summary>
/// <remarks>
/// Only whole delimiter lines (RFC 2046, section 5.1.1) lose their boundary: they stand at the start or after CRLF, end there, and do not
/// cut off the headers of a part. Wherever some parser could see a boundary in something else, its bytes stay and the place is noted. So
/// two bodies have one hash only if every parser sees the same parts in both. <see cref="MultipartTrace"/> makes that injective.
/// </remarks>
internal sealed class MultipartNormalizer
{
    // RFC 2046, section 5.1.1, allows 70 characters, and ASP.NET Core reads 128. The time of the search grows with the length, so the
    // client must not choose it freely.
    private const int LongestBoundary = 128;

    // ASP.NET Core reads no more of a delimiter line after its boundary.
    private const int LongestPadding = 100;

    private readonly MultipartTrace _trace;

    // CRLF, two dashes and the boundary.
    private readonly byte[] _delimiter;

    // The last bytes that arrived, which do not yet show what they are. They fill less than half of it.
    private readonly byte[] _window;
    private int _held;
    private Place _place;
    private bool _isPastStart;

    private MultipartNormalizer(byte[] boundary, IncrementalHash hash)
    {
        _trace = new MultipartTrace(hash);
        _delimiter = [.. "\r\n--"u8, .. boundary];
        _window = new byte[2 * (_delimiter.Length + LongestPadding + "--\r\n"u8.Length)];
    }

    private enum Place
    {
        /// <summary>Before the first delimiter.</summary>
        Preamble,

        /// <summary>In the rest of a delimiter line, or in the headers behind it.</summary>
        Head,

        /// <summary>Behind the empty line that ends the headers.</summary>
        ContentStart,

        /// <summary>In the content of a part.</summary>
        Content,
    }

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    private ReadOnlySpan<byte> DashBoundary => _delimiter.AsSpan(LineEnd.Length);

    /// <summary>Null if the body is not multipart, or its boundary is missing or too long.</summary>
    public static MultipartNormalizer? For(string? contentType, IncrementalHash hash)
    {
        if (contentType is null || !contentType.AsSpan().TrimStart().StartsWith("multipart/", StringComparison.OrdinalIgnoreCase)
            || !MediaTypeHeaderValue.TryParse(contentType, out var mediaType))
        {
            return null;
        }

        var boundary = HeaderUtilities.RemoveQuotes(mediaType.Boundary);
        return boundary.Length is 0 or > LongestBoundary
            ? null
            : new MultipartNormalizer(Encoding.UTF8.GetBytes(boundary.ToString()), hash);
    }

    public void Append(ReadOnlySpan<byte> chunk)
    {
        if (_held > 0)
        {
            var taken = Math.Min(chunk.Length, _window.Length - _held);
            chunk[..taken].CopyTo(_window.AsSpan(_held));
            var window = _window.AsSpan(0, _held + taken);
            var done = Scan(window, isLast: false);
            if (done < _held)
            {
                // The chunk was too short to decide on bytes before it.
                window[done..].CopyTo(_window);
                _held = window.Length - done;
                return;
            }

            chunk = chunk[(done - _held)..];
        }

        var rest = chunk[Scan(chunk, isLast: false)..];
        rest.CopyTo(_window);
        _held = rest.Length;
    }

    public void Complete()
    {
        Scan(_window.AsSpan(0, _held), isLast: true);
        _trace.End();
    }

    /// <returns>How many bytes are done. The rest must be seen again, with more bytes behind it.</returns>
    private int Scan(ReadOnlySpan<byte> bytes, bool isLast)
    {
        var rest = bytes;
        while (_place switch
        {
            Place.Preamble => TryLeavePreamble(ref rest, isLast),
            Place.Head => TryPassHeadLine(ref rest, isLast),
            Place.ContentStart => TryEnterContent(ref rest, isLast),
            _ => TryLeaveContent(ref rest, isLast),
        })
        {
        }

        return bytes.Length - rest.Length;
    }

    private bool TryLeavePreamble(ref ReadOnlySpan<byte> rest, bool isLast)
    {
        // ASP.NET Core takes the first boundary for a delimiter wherever it stands.
        var at = rest.IndexOf(DashBoundary);
        if (at < 0)
            return Pass(ref rest, rest.Length - Undecided(isLast));

        var startsLine = at == 0 ? !_isPastStart : rest[..at].EndsWith(LineEnd);
        return TryPassBoundary(ref rest, at, startsLine ? EndsLine(rest[(at + DashBoundary.Length)..], isLast) : false);
    }

    private bool TryPassHeadLine(ref ReadOnlySpan<byte> rest, bool isLast)
    {
        var at = rest.IndexOf(LineEnd);
        if (at < 0)
            return Pass(ref rest, rest.Length - (!isLast && rest is [.., (byte)'\r'] ? 1 : 0));
        if (rest.Length - at < _delimiter.Length && !isLast)
            return Pass(ref rest, at);

        Pass(ref rest, at + LineEnd.Length);
        if (rest.StartsWith(LineEnd))
        {
            Pass(ref rest, LineEnd.Length);
            _place = Place.ContentStart;
        }
        else if (rest.StartsWith(DashBoundary))
        {
            // A delimiter for some parsers, a header line for others.
            PassNoted(ref rest);
        }

        return true;
    }

    private bool TryEnterContent(ref ReadOnlySpan<byte> rest, bool isLast)
    {
        if (rest.Length < DashBoundary.Length && !isLast)
            return false;

        // A delimiter for parsers that give it the line end of the headers, content for others.
        if (rest.StartsWith(DashBoundary))
            PassNoted(ref rest);
        _place = Place.Content;
        return true;
    }

    private bool TryLeaveContent(ref ReadOnlySpan<byte> rest, bool isLast)
    {
        var at = rest.IndexOf(_delimiter);
        return at < 0
            ? Pass(ref rest, rest.Length - Undecided(isLast))
            : TryPassBoundary(ref rest, at + LineEnd.Length, EndsLine(rest[(at + _delimiter.Length)..], isLast));
    }

    /// <param name="rest">Bytes with a boundary in them.</param>
    /// <param name="at">Where it is.</param>
    /// <param name="isDelimiter">Whether its line is a delimiter line; null = too few bytes are there to know.</param>
    private bool TryPassBoundary(ref ReadOnlySpan<byte> rest, int at, bool? isDelimiter)
    {
        if (isDelimiter is null)
            return Pass(ref rest, at - LineEnd.Length);

        Pass(ref rest, at);
        if (isDelimiter is false)
        {
            PassNoted(ref rest);
        }
        else
        {
            _trace.Delimiter();
            rest = rest[DashBoundary.Length..];
        }

        _place = Place.Head;
        return true;
    }

    /// <summary>Whether a delimiter line ends here, after "--" and white space at most; null = too few bytes are there to know.</summary>
    private static bool? EndsLine(ReadOnlySpan<byte> bytes, bool isLast)
    {
        if (bytes.StartsWith("--"u8))
            bytes = bytes["--"u8.Length..];
        else if (bytes is [(byte)'-'] && !isLast)
            return null;

        var padding = bytes.IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (padding < 0 && bytes.Length <= LongestPadding)
            return isLast ? true : null;
        if (padding is < 0 or > LongestPadding)
            return false;
        if (bytes[padding..] is [(byte)'\r'] && !isLast)
            return null;
        return bytes[padding..].StartsWith(LineEnd);
    }

    // A delimiter may have begun in as many of the last bytes.
    private int Undecided(bool isLast) => isLast ? 0 : _delimiter.Length - 1;

    /// <returns>False: nothing more can be decided about the bytes that are there.</returns>
    private bool Pass(ref ReadOnlySpan<byte> rest, int count)
    {
        if (count <= 0)
            return false;

        _trace.Append(rest[..count]);
        _isPastStart = true;
        rest = rest[count..];
        return false;
    }

    private void PassNoted(ref ReadOnlySpan<byte> rest)
    {
        _trace.Lookalike();
        Pass(ref rest, DashBoundary.Length);
        _trace.Lookalike();
    }
}
