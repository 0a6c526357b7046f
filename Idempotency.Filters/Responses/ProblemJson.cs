using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;

namespace Idempotency.Filters.Responses;

/// <summary>
/// Writes problem details (RFC 9457) member by member. A serializer would need reflection, or an app that has declared the type: under
/// native AOT the refusal would become a 500.
/// </summary>
internal static class ProblemJson
{
    private const int DeepestLevel = 32;

    private static readonly string[] Members = ["type", "title", "status", "detail", "instance"];

    /// <param name="writer">Takes one object.</param>
    /// <param name="details">The problem.</param>
    /// <param name="options">The app's options. They serialize what the app added, if they know its type.</param>
    public static void Write(Utf8JsonWriter writer, ProblemDetails details, JsonSerializerOptions options)
    {
        // A class of the app's has members that only a serializer knows.
        if (details is not HttpValidationProblemDetails && details.GetType() != typeof(ProblemDetails)
            && TrySerialize(writer, details, options))
        {
            return;
        }

        writer.WriteStartObject();
        WriteText(writer, "type", details.Type);
        WriteText(writer, "title", details.Title);
        if (details.Status is { } status)
            writer.WriteNumber("status", status);
        WriteText(writer, "detail", details.Detail);
        WriteText(writer, "instance", details.Instance);
        if (details is HttpValidationProblemDetails validation)
        {
            writer.WritePropertyName("errors");
            WriteValue(writer, validation.Errors, options, 0);
        }

        foreach (var (name, value) in details.Extensions)
        {
            if (Array.IndexOf(Members, name) >= 0)
                continue;

            writer.WritePropertyName(name);
            WriteValue(writer, value, options, 0);
        }

        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
            writer.WriteString(name, text);
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value, JsonSerializerOptions options, int level)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case sbyte or byte or short or ushort or int or long:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case uint or ulong:
                writer.WriteNumberValue(Convert.ToUInt64(value, CultureInfo.InvariantCulture));
                break;
            case decimal number:
                writer.WriteNumberValue(number);
                break;
            case float number when float.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case JsonElement { ValueKind: not JsonValueKind.Undefined } element:
                element.WriteTo(writer);
                break;
            case JsonDocument document:
                document.WriteTo(writer);
                break;
            default:
                if (!TrySerialize(writer, value, options))
                    WriteByHand(writer, value, options, level);
                break;
        }
    }

    /// <summary>For a type that the app's serializer does not know.</summary>
    private static void WriteByHand(Utf8JsonWriter writer, object value, JsonSerializerOptions options, int level)
    {
        switch (value)
        {
            case JsonObject members when level < DeepestLevel:
                WriteMembers(writer, members.Select(member => ((object)member.Key, (object?)member.Value)), options, level);
                break;
            case IDictionary members when level < DeepestLevel:
                WriteMembers(writer, members.Keys.Cast<object>().Select(key => (key, members[key])), options, level);
                break;
            case IEnumerable<KeyValuePair<string, object?>> members when level < DeepestLevel:
                WriteMembers(writer, members.Select(member => ((object)member.Key, member.Value)), options, level);
                break;
            case JsonValue node:
                WriteNode(writer, node);
                break;
            case IEnumerable items when level < DeepestLevel:
                writer.WriteStartArray();
                foreach (var item in items)
                    WriteValue(writer, item, options, level + 1);
                writer.WriteEndArray();
                break;
            case DateTime time:
                writer.WriteStringValue(time);
                break;
            case DateTimeOffset time:
                writer.WriteStringValue(time);
                break;
            default:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static void WriteMembers(
        Utf8JsonWriter writer, IEnumerable<(object Key, object? Value)> members, JsonSerializerOptions options, int level)
    {
        writer.WriteStartObject();
        foreach (var (key, value) in members)
        {
            writer.WritePropertyName(Convert.ToString(key, CultureInfo.InvariantCulture) ?? "");
            WriteValue(writer, value, options, level + 1);
        }

        writer.WriteEndObject();
    }

    private static void WriteNode(Utf8JsonWriter writer, JsonValue node)
    {
        try
        {
            writer.WriteRawValue(node.ToJsonString());
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException or JsonException)
        {
            writer.WriteStringValue(node.ToString());
        }
    }

    /// <summary>False if the app's options do not know the type, or cannot write the value.</summary>
    private static bool TrySerialize(Utf8JsonWriter writer, object value, JsonSerializerOptions options)
    {
        try
        {
            if (!options.TryGetTypeInfo(value.GetType(), out var type))
                return false;

            // Apart, since a failure halfway would leave half a value behind.
            writer.WriteRawValue(JsonSerializer.SerializeToUtf8Bytes(value, type), skipInputValidation: true);
            return true;
        }
        catch
        {
            // A refusal must not become a 500 because of what was added to it.
            return false;
        }
    }
}
