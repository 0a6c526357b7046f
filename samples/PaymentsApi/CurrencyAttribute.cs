using System.ComponentModel.DataAnnotations;

namespace PaymentsApi;

/// <summary>A currency code in the form of ISO 4217: three upper-case letters.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class CurrencyAttribute() : ValidationAttribute("The field {0} must be three upper-case letters, such as EUR.")
{
    public override bool IsValid(object? value) => value is string { Length: 3 } code && code.All(char.IsAsciiLetterUpper);
}
